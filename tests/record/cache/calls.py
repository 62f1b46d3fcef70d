"""Calls and answers for the tests of the cache and of the modules."""

from __future__ import annotations

import json
from typing import Any

from headgate.call.call import Call, Reply
from headgate.call.caller import Caller, Mode
from headgate.call.frames import Usage
from headgate.testing.clock import FixedClock
from headgate.wire.spec import WIRES

CHAT = "/v1/chat/completions"
EMBEDDINGS = "/v1/embeddings"
QUESTION: dict[str, Any] = {
    "model": "gpt-4o",
    "temperature": 0,
    "messages": [{"role": "user", "content": "hi"}],
}


def make_call(
    body: dict[str, Any] | bytes = QUESTION, *, clock: FixedClock, endpoint: str = CHAT,
    tenant: str = "ten_a", app: str = "app_a",
    subject: str = "", mode: Mode = "optimize", key_id: str | None = "key_1", run_id: str = "run_1",
) -> Call:  # fmt: skip
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    spec = WIRES[endpoint]
    caller = Caller(tenant, "pk", frozenset({"calls:write"}), mode, key_id)
    call = Call(
        run_id=run_id, wire=spec.wire, endpoint=endpoint, caller=caller, headers={}, body=raw, view=spec.parse(raw),
        received_us=int(clock.now() * 1e6), t0=clock.monotonic(),
    )  # fmt: skip
    call.app, call.subject = app, subject
    return call


def live_reply(body: bytes = b'{"answer":"hello"}', **changes: Any) -> Reply:
    """What dispatch gives for a whole answer of a model."""
    reply = Reply(200, body)
    reply.provider, reply.model, reply.finish = "openai", "gpt-4o", "stop"
    reply.usage, reply.usage_raw = Usage(10, 5, known=True), b'{"prompt_tokens":10,"completion_tokens":5}'
    reply.cost_pico = 75_000_000
    for name, value in changes.items():
        setattr(reply, name, value)
    return reply
