"""Look for keys, tokens and passwords in what comes back from a provider, whole or streamed."""

from __future__ import annotations

from collections import Counter

from pydantic import Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, StreamFilter
from headgate.govern.guardrails.hot import (
    Action,
    SecretFilter,
    count_json,
    judge,
    may_hold,
    note,
    redact_json,
    stream_text,
)  # fmt: skip

SEEN = "secretscan.answer"


class Config(ModuleConfig):
    action: Action = Field(
        "flag",
        description="flag: note kind and number. redact: replace the secret in the answer. block: refuse the answer.",
    )


class SecretScanAnswers(Module[Config]):
    spec = Spec(
        "secretscan_answers",
        "safety",
        Phase.INSPECT,
        "Finds secrets in answers before they reach the client.",
    )
    Config = Config

    @override
    def on_reply(self, call: Call, reply: Reply) -> None:
        call.notes[SEEN] = True
        if may_hold(reply.body):
            self._look(call, reply)

    @override
    def stream_filter(self, call: Call) -> StreamFilter | None:
        """Flagging costs a stream nothing: it is scanned once, at its end."""
        if self.config.action == "flag" or call.observing:
            return None
        call.notes[SEEN] = True
        return SecretFilter(lambda found: judge(call, "answer", found, self.config.action))

    @override
    def on_done(self, call: Call, reply: Reply) -> None:
        if not call.view.stream or SEEN in call.notes or not reply.body:
            return
        text = stream_text(reply.body)
        if may_hold(text) and (found := count_json(text)):
            note(call, "answer", found)

    def _look(self, call: Call, reply: Reply) -> None:
        found: Counter[str]
        if self.config.action == "redact" and not call.observing:
            body, found = redact_json(reply.body)
            if found:
                reply.body, reply.same_as = body, ""  # no longer what the source run sent
        else:
            found = count_json(reply.body)
        if found:
            judge(call, "answer", found, self.config.action)
