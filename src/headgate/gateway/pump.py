"""A stream on its way to a client of ASGI, pumped by a task of its own: the client may leave, and the stream go on for others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from headgate.call.call import Call, Reply
from headgate.kernel.tasks import Tasks

AHEAD = 64  # chunks that wait for a client at most

Leave = Callable[[Call, Callable[[], object]], None]


class Pump:
    """Iterate over it for the client's bytes, and `leave` when that is over, however it ended."""

    def __init__(self, call: Call, reply: Reply, tasks: Tasks, leave: Leave) -> None:
        assert reply.chunks is not None
        self._call = call
        self._leave = leave
        self._ready: asyncio.Queue[bytes | None] = asyncio.Queue(AHEAD)
        self._gone = False
        self._task = tasks.spawn(self._run(reply.chunks), name="gateway.pump")

    async def _run(self, chunks: AsyncGenerator[bytes, None]) -> None:
        try:
            async for chunk in chunks:
                if not self._gone:
                    await self._ready.put(chunk)
        finally:
            await chunks.aclose()
        if not self._gone:
            await self._ready.put(None)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._task.done() and self._ready.empty():
            raise StopAsyncIteration
        chunk = await self._ready.get()
        if chunk is None:
            raise StopAsyncIteration
        return chunk

    def leave(self) -> None:
        """The client takes no more. The call is cancelled, as soon as nobody else waits for its answer."""
        if self._task.done() or self._gone:
            return
        self._gone = True
        while not self._ready.empty():
            self._ready.get_nowait()
        self._leave(self._call, self._task.cancel)
