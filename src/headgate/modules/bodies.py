"""Setting a plain field of a request body, in the place where its wire has it."""

from __future__ import annotations

from typing import Any, cast

from headgate.call.call import Call
from headgate.wire.text_edits import edited
from headgate.wire.texts import change_body, read_request


def set_temperature(call: Call, value: float) -> bool:
    """Ask for `value`, unless the caller asked for a temperature himself. False when nothing was changed."""
    tree: Any = read_request(call).tree
    if not isinstance(tree, dict) or call.wire in ("openai.embeddings", "openai.models", "passthrough"):
        return False
    body = cast("dict[str, Any]", tree)
    if call.wire.startswith("google."):
        given = body.get("generationConfig")
        config = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
        if config.get("temperature") is not None:
            return False
        change_body(call, edited(call.body, {("generationConfig",): config | {"temperature": value}}))
    elif body.get("temperature") is None:
        change_body(call, edited(call.body, {("temperature",): value}))
    else:
        return False
    call.view.temperature = value
    return True
