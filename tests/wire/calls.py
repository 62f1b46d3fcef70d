"""Calls for the tests of wires."""

from __future__ import annotations

import json
from typing import Any

from headgate.call.call import Call
from headgate.call.caller import open_caller
from headgate.wire.spec import WIRES

CHAT = "/v1/chat/completions"
COMPLETIONS = "/v1/completions"
EMBEDDINGS = "/v1/embeddings"


def call_of(body: bytes, path: str = CHAT) -> Call:
    """A call as the gateway opens it."""
    spec = WIRES[path]
    return Call(
        run_id="run_1", wire=spec.wire, endpoint=path, caller=open_caller(), headers={}, body=body,
        view=spec.parse(body), received_us=0, t0=0.0,
    )  # fmt: skip


def chat_call(**fields: Any) -> Call:
    return call_of(
        json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]} | fields).encode()
    )
