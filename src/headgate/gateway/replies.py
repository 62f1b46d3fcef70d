"""Replies: the run headers on every answer, and errors rendered in the wire's own envelope."""

from __future__ import annotations

from headgate.call.call import Call, Reply
from headgate.kernel import json
from headgate.kernel.clock import Clock
from headgate.kernel.errors import GatewayError, envelope_for
from headgate.kernel.money import header_usd
from headgate.wire.google.streams import array_body, array_chunks
from headgate.wire.spec import WIRES

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
    if reply.status == 200 and call.view.stream and "array" in call.notes:
        _as_array(call, reply)
    lines = b"x-punk-run-id: %b\r\nx-punk-route: %b\r\n" % (call.run_id.encode(), reply.route.encode())
    if reply.chunks is None:
        lines += b"x-headgate-cost: %b\r\nx-headgate-saved: %b\r\nx-headgate-latency-ms: %d\r\n" % (
            header_usd(reply.cost_pico).encode(), header_usd(reply.saved_pico).encode(), (clock.monotonic() - call.t0) * 1000
        )  # fmt: skip
    if reply.provider:
        lines += b"x-headgate-model: %b\r\nx-headgate-provider: %b\r\n" % (
            header_text(reply.model),
            reply.provider.encode(),
        )
    if reply.cache:
        lines += b"x-headgate-cache: %b\r\n" % reply.cache.encode()
    if call.warnings:
        lines += b"x-headgate-warnings: %b\r\n" % header_text("; ".join(call.warnings))
    rate = call.notes.get("rate")
    if rate is not None:
        lines += b"x-ratelimit-limit: %d\r\nx-ratelimit-remaining: %d\r\nx-ratelimit-reset: %d\r\n" % (
            rate.limit, rate.remaining, rate.reset_s + 0.999
        )  # fmt: skip
    for more in call.notes.get("dress", ()):
        lines += more(call, reply)
    reply.run_lines = lines
    return reply


def _as_array(call: Call, reply: Reply) -> None:
    """The client of a Google stream did not ask for events."""
    reply.content_type = b"application/json"
    if reply.chunks is None:
        reply.body = array_body(reply.body)
    else:
        reply.chunks = array_chunks(call, reply.chunks)


def run_headers(reply: Reply) -> list[tuple[str, str]]:
    """All headers of a dressed reply but its content type and length, as text."""
    pairs = [line.split(": ", 1) for line in reply.run_lines.decode("latin-1").split("\r\n") if line]
    return [(name, value) for name, value in pairs] + [
        (n.decode(), v.decode("latin-1")) for n, v in reply.headers
    ]


def error_reply(call: Call, error: GatewayError) -> Reply:
    """`error` in the envelope of the call's wire."""
    reply = bare_error(call.endpoint, error)
    reply.model = call.model
    return reply


def bare_error(path: str, error: GatewayError) -> Reply:
    """`error` in the envelope of `path`, for a request that never became a call."""
    reply = Reply(
        error.status,
        json.encode(envelope_for(path, error)),
        route="blocked" if error.status < 500 else "live",
    )
    reply.error_code = error.code
    reply.headers.extend((name.lower().encode(), header_text(value)) for name, value in error.headers.items())
    return reply


def sse_error(path: str, error: GatewayError) -> bytes:
    """The events that end a stream which broke after its first byte had left, in the form of the wire at `path`."""
    spec = WIRES.get(path)
    if spec is not None and spec.stream_error is not None:
        return spec.stream_error(error)
    return b"data: " + json.encode(envelope_for(path, error)) + b"\n\ndata: [DONE]\n\n"
