"""Calls and answers for the tests of the cache and of the modules."""

from __future__ import annotations

import json
from typing import Any

from headgate.call.call import Call, Reply
from headgate.call.caller import Caller
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
    body: dict[str, Any] | bytes = QUESTION, *, clock: FixedClock, endpoint: str = CHAT, **who: Any
) -> Call:
    """A call on `endpoint`. `who`: tenant, mode and key_id of the caller; app, subject and run_id of the call."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    spec = WIRES[endpoint]
    caller = Caller(
        who.get("tenant", "ten_a"),
        "pk",
        frozenset({"calls:write"}),
        who.get("mode", "optimize"),
        who.get("key_id", "key_1"),
    )
    call = Call(
        run_id=who.get("run_id", "run_1"), wire=spec.wire, endpoint=endpoint, caller=caller, headers={}, body=raw,
        view=spec.parse(raw), received_us=int(clock.now() * 1e6), t0=clock.monotonic(),
    )  # fmt: skip
    call.app, call.subject = who.get("app", "app_a"), who.get("subject", "")
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
