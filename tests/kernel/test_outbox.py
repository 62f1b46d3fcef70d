"""The outbox: messages leave in order by the end of the turn, few are kept back, and a closed transport hurts nobody."""

from __future__ import annotations

import asyncio

from typing_extensions import override

from headgate.kernel.outbox import MOST, MOST_BYTES, Outbox


class Pipe(asyncio.WriteTransport):
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.written.append(bytes(data))

    @override
    def is_closing(self) -> bool:
        return self.closed


async def test_messages_of_one_turn_leave_in_order_when_it_ends() -> None:
    outbox, first, second = Outbox(), Pipe(), Pipe()
    outbox.put(first, b"1")
    outbox.put(second, b"2")
    outbox.put(first, b"3")
    assert not first.written
    await asyncio.sleep(0)
    assert (first.written, second.written) == ([b"1", b"3"], [b"2"])
    outbox.put(first, b"4")
    await asyncio.sleep(0)
    assert first.written == [b"1", b"3", b"4"]


async def test_what_comes_later_in_the_loop_finds_the_message_written() -> None:
    outbox, pipe, seen = Outbox(), Pipe(), list[int]()
    outbox.put(pipe, b"1")
    asyncio.get_running_loop().call_soon(lambda: seen.append(len(pipe.written)))
    await asyncio.sleep(0)
    assert seen == [1]


async def test_no_more_than_a_few_are_kept_back() -> None:
    outbox, pipe = Outbox(), Pipe()
    for number in range(MOST):
        outbox.put(pipe, b"%d" % number)
    assert len(pipe.written) == MOST
    await asyncio.sleep(0)
    assert len(pipe.written) == MOST


async def test_large_messages_are_not_kept_back() -> None:
    outbox, pipe = Outbox(), Pipe()
    outbox.put(pipe, b"1")
    outbox.put(pipe, b"2" * MOST_BYTES)
    assert len(pipe.written) == 2
    outbox.put(pipe, b"3")
    assert len(pipe.written) == 2
    await asyncio.sleep(0)
    assert len(pipe.written) == 3


async def test_a_closed_transport_is_passed_over() -> None:
    outbox, closed, pipe = Outbox(), Pipe(), Pipe()
    outbox.put(closed, b"1")
    outbox.put(pipe, b"2")
    closed.closed = True
    outbox.flush()
    assert (closed.written, pipe.written) == ([], [b"2"])
