"""W3C trace context: a call belongs to the caller's trace, and hands it on to the provider and back to the caller."""

from __future__ import annotations

import os
import re

from pydantic import AliasChoices, Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Stance

MAX_STATE = 512
_PARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_STATE = re.compile(rb"[\x20-\x7e]*")


class Config(ModuleConfig):
    enabled: bool = False
    propagate: bool = Field(
        True, validation_alias=AliasChoices("propagate", "propagate_w3c"),
        description="Send `traceparent` on to the provider.",
    )  # fmt: skip
    start: bool = Field(True, description="Begin a trace for calls that come without one.")
    answer: bool = Field(True, description="Tell the caller in `traceparent` under which trace the call ran.")


class TraceLink(Module[Config]):
    spec = Spec(
        "tracelink",
        "observe",
        Phase.ADMIT,
        "Joins calls to the caller's W3C trace.",
        ("trace_link",),
        stance=Stance.SKIP,
    )
    Config = Config

    @override
    def on_request(self, call: Call) -> Reply | None:
        found = parse_traceparent(call.headers.get(b"traceparent", b""))
        if found is None and not self.config.start:
            return None
        trace, parent, flags = found or (os.urandom(16).hex(), "", "01")
        span = os.urandom(8).hex()
        call.notes["trace"] = (trace, span, parent)
        call.notes.setdefault("metadata", {})["trace"] = {
            "traceId": trace,
            "spanId": span,
            "parentSpanId": parent,
        }
        line = b"traceparent: " + f"00-{trace}-{span}-{flags}\r\n".encode()
        if self.config.propagate:
            state = call.headers.get(b"tracestate", b"") if found is not None else b""
            more = (
                b"tracestate: " + state + b"\r\n"
                if state and len(state) <= MAX_STATE and _STATE.fullmatch(state)
                else b""
            )
            call.notes["upstream.lines"] = call.notes.get("upstream.lines", b"") + line + more
        if self.config.answer:

            def tell(_call: Call, _reply: Reply) -> bytes:
                return line

            call.notes.setdefault("dress", []).append(tell)
        return None


def parse_traceparent(value: bytes) -> tuple[str, str, str] | None:
    """Trace id, parent span id and flags; None for what the standard calls invalid."""
    found = _PARENT.fullmatch(value.strip())
    if found is None or found[1] == b"ff" or (found[1] == b"00" and found[5]):
        return None
    trace, parent = found[2], found[3]
    if trace == b"0" * 32 or parent == b"0" * 16:
        return None
    return trace.decode(), parent.decode(), found[4].decode()
