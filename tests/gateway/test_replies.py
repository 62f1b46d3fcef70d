"""Run headers and errors: nothing of a client's text can end a line, and a running stream claims no cost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.call.call import Reply
from headgate.gateway.replies import bare_error, dress, error_reply, header_text, run_headers, sse_error
from headgate.kernel import json
from headgate.kernel.errors import NotFound, ProviderError, RateLimited
from headgate.testing.clock import FixedClock
from headgate.wire.sse import split_events
from tests.gateway.test_chain import make_call


@given(st.text())
def test_no_text_ends_a_header_line(text: str) -> None:
    out = header_text(text)

    assert len(out) == len(text)
    assert all(0x20 <= byte < 0x7F for byte in out)


def test_an_answer_tells_its_run_route_cost_and_latency(clock: FixedClock) -> None:
    call, reply = make_call(), Reply(200, route="exact_cache")
    reply.provider, reply.model, reply.cache, reply.saved_pico = "openai", "gpt-4o", "hit", 12_340_000
    clock.advance(0.25)

    assert dict(run_headers(dress(call, reply, clock))) == {
        "x-punk-run-id": "run_1", "x-punk-route": "exact_cache", "x-headgate-cost": "0", "x-headgate-saved": "0.00001234",
        "x-headgate-latency-ms": "250", "x-headgate-model": "gpt-4o", "x-headgate-provider": "openai",
        "x-headgate-cache": "hit",
    }  # fmt: skip


def test_an_unknown_cost_is_said_to_be_unknown(clock: FixedClock) -> None:
    reply = Reply(200)
    reply.cost_pico = None

    assert dict(run_headers(dress(make_call(), reply, clock)))["x-headgate-cost"] == "unknown"


async def test_a_stream_that_still_runs_claims_no_cost(clock: FixedClock) -> None:
    async def chunks():
        yield b""

    reply = dress(make_call(), Reply(200, chunks=chunks()), clock)

    assert "x-headgate-cost" not in dict(run_headers(reply))


def test_warnings_and_what_the_provider_said_are_in_the_headers(clock: FixedClock) -> None:
    call, reply = make_call(), Reply(200)
    call.warn("one")
    call.warn("two\r\nx-evil: 1")
    reply.headers.append((b"x-request-id", b"req_1"))

    headers = run_headers(dress(call, reply, clock))

    assert ("x-headgate-warnings", "one; two??x-evil: 1") in headers
    assert ("x-request-id", "req_1") in headers


def test_an_error_is_in_the_envelope_of_its_path_with_its_headers() -> None:
    reply = bare_error("/v1/chat/completions", RateLimited("Slower.", headers={"Retry-After": "7"}))

    assert (reply.status, reply.route, reply.headers) == (429, "blocked", [(b"retry-after", b"7")])
    assert json.decode(reply.body)["error"]["code"] == "rate_limited"
    assert json.decode(bare_error("/api/v1/runs/x", NotFound("No.")).body)["code"] == "punk_not_found"


def test_a_failure_is_not_called_blocked_and_names_the_model() -> None:
    reply = error_reply(make_call(), ProviderError("Down."))

    assert (reply.route, reply.model, reply.error_code) == ("live", "m", "provider_error")


def test_a_broken_stream_ends_with_the_error_and_the_usual_last_event() -> None:
    events, rest = split_events(sse_error("/v1/chat/completions", ProviderError("Cut off.")))

    assert rest == b""
    assert json.decode(events[0].removeprefix(b"data: "))["error"]["message"] == "Cut off."
    assert events[1:] == [b"data: [DONE]\n\n"]
