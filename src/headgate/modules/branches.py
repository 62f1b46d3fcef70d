"""Asking another model what a call asks: the request for it, and an answer in the wire of the call."""

from __future__ import annotations

from typing import Any, Literal, cast

from headgate.call.call import Call
from headgate.call.ports import Ask
from headgate.record.spend.hot import tags_of, user_of
from headgate.wire.members import remove
from headgate.wire.text_edits import edited
from headgate.wire.texts import read_request

SPEAKING = frozenset(
    {"openai.chat", "openai.completions", "anthropic.messages", "openai.responses", "google.generate"}
)
STREAMED = (":streamGenerateContent", ":generateContent")  # Google's, which stands in the path


def ask_of(call: Call, model: str, role: Literal["branch", "shadow"]) -> Ask:
    """What `call` asks, as it was shaped, of `model` and with a whole answer."""
    body = call.body
    tree: Any = read_request(call).tree
    fields = cast("dict[str, Any]", tree) if isinstance(tree, dict) else {}
    for name in ("stream", "stream_options"):
        if name in fields:
            body = remove(body, name)
    endpoint = call.endpoint.replace(*STREAMED)
    if "{model}" in endpoint:
        endpoint = endpoint.replace("{model}", model)
    else:
        body = edited(body, {("model",): model})
    return Ask(
        endpoint, call.caller, body, call.app, call.agent, call.subject, parent_run=call.run_id, project=call.project,
        session=call.session, user=user_of(call), tags=tags_of(call), role=role,
    )  # fmt: skip
