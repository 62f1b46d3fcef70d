"""Replies: the run headers on every answer, and errors rendered in the wire's own envelope."""

from __future__ import annotations

from headgate.call.call import Call, Reply
from headgate.kernel import json
from headgate.kernel.clock import Clock
from headgate.kernel.errors import GatewayError, envelope_for
from headgate.kernel.money import header_usd

RUN_HEADERS = (
    "x-punk-run-id", "x-punk-route", "x-headgate-cost", "x-headgate-saved", "x-headgate-model", "x-headgate-provider",
    "x-headgate-cache", "x-headgate-latency-ms", "x-headgate-warnings",
)  # fmt: skip


def header_text(text: str) -> bytes:
    """Text that may stand in a header: what the client sent us must not end a header line."""
    if text.isascii() and text.isprintable():
        return text.encode()
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in text).encode()


def dress(call: Call, reply: Reply, clock: Clock) -> Reply:
    """Put the run headers on `reply`. The cost of a stream that is still running is not known yet, so it is left out."""
    headers = reply.headers
    headers.append((b"x-punk-run-id", call.run_id.encode()))
    headers.append((b"x-punk-route", reply.route.encode()))
    if reply.chunks is None:
        cost, saved = reply.cost_pico, reply.saved_pico
        headers.append((b"x-headgate-cost", b"0" if cost == 0 else header_usd(cost).encode()))
        headers.append((b"x-headgate-saved", b"0" if saved == 0 else header_usd(saved).encode()))
        headers.append((b"x-headgate-latency-ms", b"%d" % ((clock.monotonic() - call.t0) * 1000)))
    if reply.provider:
        headers.append((b"x-headgate-model", header_text(reply.model)))
        headers.append((b"x-headgate-provider", reply.provider.encode()))
    if reply.cache:
        headers.append((b"x-headgate-cache", reply.cache.encode()))
    if call.warnings:
        headers.append((b"x-headgate-warnings", header_text("; ".join(call.warnings))))
    return reply


def error_reply(call: Call, error: GatewayError) -> Reply:
    """`error` in the envelope of the call's wire."""
    reply = bare_error(call.endpoint, error)
    reply.model = call.model
    return reply


def bare_error(path: str, error: GatewayError) -> Reply:
    """`error` in the envelope of `path`, for a request that never became a call."""
    reply = Reply(error.status, json.encode(envelope_for(path, error)), route="blocked" if error.status < 500 else "live")
    reply.error_code = error.code
    reply.headers.extend((name.lower().encode(), header_text(value)) for name, value in error.headers.items())
    return reply


def sse_error(path: str, error: GatewayError) -> bytes:
    """The event that ends a stream which broke after its first byte had left, and the usual last one."""
    return b"data: " + json.encode(envelope_for(path, error)) + b"\n\ndata: [DONE]\n\n"
