"""Relaying: however a stream ends, its call is settled once and before its last byte, and filters see whole events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Phase, Spec, StreamFilter
from headgate.gateway.plane import PlaneKeeper
from headgate.gateway.settle import Settler
from headgate.gateway.stream import Relay
from headgate.kernel.errors import BadRequest
from headgate.providers.mock import MockReply
from headgate.providers.upstream import UpstreamFailure
from headgate.testing.clock import FixedClock
from headgate.wire.spec import WIRES
from tests.gateway.settling import Frames, frames, keeper, settler
from tests.gateway.test_chain import Note, chain_of
from tests.wire.calls import chat_call

__all__ = ["frames", "keeper", "settler"]

DONE = b"data: [DONE]\n\n"


def event(text: str, finish: str = "null") -> bytes:
    return (
        b'data: {"model":"gpt-4o","choices":[{"index":0,"delta":{"content":"%b"},"finish_reason":%b}]}\n\n'
        % (text.encode(), finish.encode())
    )


USAGE = b'data: {"model":"gpt-4o","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n'
WHOLE = [event("a"), event("b", '"stop"'), USAGE, DONE]


class Source(MockReply):
    """An upstream that sends these chunks and then ends, or fails."""

    def __init__(self, chunks: list[bytes], failure: UpstreamFailure | None = None) -> None:
        super().__init__(200, events=[])
        self._chunks = iter(chunks)
        self._failure = failure
        self.cancelled = False

    @override
    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    @override
    async def __anext__(self) -> bytes:
        chunk = next(self._chunks, None)
        if chunk is None:
            if self._failure is not None:
                raise self._failure
            self.ended = True
            raise StopAsyncIteration
        return chunk

    @override
    def cancel(self) -> None:
        self.cancelled = True


class Street:
    """Relays one stream, and remembers at which byte the call was settled."""

    def __init__(self, relay: Relay, frames: Frames) -> None:
        self._relay = relay
        self._frames = frames
        self.out = b""
        self.open_before: list[bool] = []  # was the call not settled yet when this chunk left?

    def start(self, source: Source) -> AsyncIterator[bytes]:
        call = chat_call(stream=True, stream_options={"include_usage": True})
        watch = WIRES[call.endpoint].watch
        assert watch is not None
        reply = Reply(200)
        reply.provider, reply.model = "openai", "gpt-4o"
        reply.chunks = self._relay.chunks(call, reply, source, watch(call))
        return reply.chunks

    async def run(self, source: Source) -> bytes:
        async for chunk in self.start(source):
            self.open_before.append(not self._frames.closed)
            self.out += chunk
        return self.out


@pytest.fixture
def street(settler: Settler, keeper: PlaneKeeper, frames: Frames, clock: FixedClock) -> Street:
    return Street(Relay(clock, settler, keeper), frames)


async def test_bytes_pass_as_they_are_and_the_record_has_them(street: Street, frames: Frames) -> None:
    assert await street.run(Source(WHOLE)) == b"".join(WHOLE)

    (run,) = frames.closed
    assert (run.status, run.finish, run.usage.completion_tokens) == ("completed", "stop", 2)
    assert run.response == b"".join(WHOLE)


async def test_the_call_is_settled_before_the_last_byte_leaves(street: Street) -> None:
    await street.run(Source(WHOLE))

    assert street.open_before[:-1] == [True] * (len(street.open_before) - 1)
    assert street.open_before[-1] is False


@pytest.mark.parametrize("size", [1, 7, 50])
async def test_where_the_chunks_are_cut_changes_nothing(street: Street, frames: Frames, size: int) -> None:
    whole = b"".join(WHOLE)

    out = await street.run(Source([whole[at : at + size] for at in range(0, len(whole), size)]))

    assert out == whole
    assert frames.closed[0].usage.prompt_tokens == 3


async def test_a_stream_that_breaks_off_ends_with_an_error_and_a_failed_run(
    street: Street, frames: Frames
) -> None:
    failure = UpstreamFailure("reset", "", sent=True)

    out = await street.run(Source(WHOLE[:1], failure))

    assert out.startswith(WHOLE[0])
    assert b'"code":"provider_error"' in out
    assert out.endswith(DONE)
    (run,) = frames.closed
    assert (run.status, run.error_code, run.warnings) == (
        "failed",
        "provider_error",
        ["usage is an estimate"],
    )


async def test_a_stream_without_its_end_is_not_taken_for_a_whole_one(street: Street, frames: Frames) -> None:
    out = await street.run(Source(WHOLE[:1]))

    assert b'"reason":"incomplete"' in out
    assert frames.closed[0].status == "failed"


async def test_a_stream_that_forgets_done_after_its_finish_is_whole(street: Street, frames: Frames) -> None:
    assert await street.run(Source(WHOLE[:3])) == b"".join(WHOLE[:3])

    assert frames.closed[0].status == "completed"


async def test_a_client_that_leaves_cancels_the_upstream_and_is_on_record(
    street: Street, frames: Frames
) -> None:
    source = Source(WHOLE)
    chunks = street.start(source)
    await anext(chunks)
    await chunks.aclose()  # pyright: ignore[reportAttributeAccessIssue] - it is a generator

    assert source.cancelled
    assert [run.status for run in frames.closed] == ["cancelled"]
    assert frames.closed[0].response == WHOLE[0]


class Shout(StreamFilter):
    @override
    def feed(self, events: list[bytes]) -> list[bytes]:
        assert all(each.endswith(b"\n\n") for each in events)
        return [each.replace(b'"content":"a"', b'"content":"A"') for each in events]

    @override
    def finish(self) -> list[bytes]:
        return [b": the end\n\n"]


class Refuse(StreamFilter):
    @override
    def feed(self, events: list[bytes]) -> list[bytes]:
        raise BadRequest("Not this.")


class Shouts(Note):
    spec = Spec("shouts", "test", Phase.INSPECT, "Shouts.")

    @override
    def stream_filter(self, call: Call) -> StreamFilter | None:
        return Shout()


class Refuses(Note):
    spec = Spec("refuses", "test", Phase.INSPECT, "Refuses.")

    @override
    def stream_filter(self, call: Call) -> StreamFilter | None:
        return Refuse()


async def test_a_filter_sees_whole_events_and_the_record_has_what_the_client_got(
    street: Street, keeper: PlaneKeeper, frames: Frames
) -> None:
    keeper.plane = replace(keeper.plane, default_chain=chain_of(Shouts))
    whole = b"".join(WHOLE)

    out = await street.run(Source([whole[at : at + 11] for at in range(0, len(whole), 11)]))

    assert out == whole.replace(b'"content":"a"', b'"content":"A"') + b": the end\n\n"
    assert frames.closed[0].response == out


async def test_a_filter_can_end_a_stream_before_any_of_it_left(
    street: Street, keeper: PlaneKeeper, frames: Frames
) -> None:
    keeper.plane = replace(keeper.plane, default_chain=chain_of(Refuses))
    source = Source(WHOLE)

    out = await street.run(source)

    assert b'"content"' not in out
    assert b"Not this." in out
    assert source.cancelled
    assert [run.status for run in frames.closed] == ["blocked"]
