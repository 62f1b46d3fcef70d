"""`UpstreamReply`: what an upstream answered; whole, or arriving in chunks with back-pressure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from headgate.providers.framing import split_headers
from headgate.providers.upstream import UpstreamFailure

_DECODED_HEADERS = (b"content-encoding", b"content-length")


class UpstreamReply:
    """One answer. A streamed one must be read to its end or cancelled: until then it holds a connection."""

    __slots__ = (
        "_buffered", "_chunks", "_decoded", "_ended", "_failure", "_headers", "_on_cancel", "_on_drain", "_raw_head",
        "_waiter", "body", "status",
    )  # fmt: skip

    def __init__(self, on_drain: Callable[[], None], on_cancel: Callable[[UpstreamReply], None]) -> None:
        self.status = 0
        self.body = b""  # the whole body; stays empty for a stream
        self._raw_head = b""
        self._headers: list[tuple[bytes, bytes]] | None = None
        self._decoded = False
        self._chunks: list[bytes] = []
        self._buffered = 0
        self._ended = False
        self._failure: UpstreamFailure | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._on_drain = on_drain
        self._on_cancel = on_cancel

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Names in lower case, in the order in which they came. When the body was decoded, without what no longer holds."""
        headers = self._headers
        if headers is None:
            headers = split_headers(self._raw_head)
            if self._decoded:
                headers = [pair for pair in headers if pair[0] not in _DECODED_HEADERS]
            self._headers = headers
        return headers

    def header(self, name: bytes) -> bytes | None:
        """The first value of the header `name` (lower case)."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    @property
    def ended(self) -> bool:
        """The whole body has arrived, or will never."""
        return self._ended

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        """What has arrived since the last time, joined. Raises UpstreamFailure when the body breaks off."""
        while not self._chunks:
            if self._ended:
                if self._failure is not None:
                    raise self._failure
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        chunks, self._chunks = self._chunks, []
        self._buffered = 0
        if not self._ended:
            self._on_drain()
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def read(self, limit: int) -> bytes:
        """The rest of the body. Raises UpstreamFailure `too_large`, and gives up the answer, beyond `limit` bytes."""
        pieces = [self.body] if self.body else []
        size = len(self.body)
        async for piece in self:
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                break
        if size > limit:
            self.cancel()
            raise UpstreamFailure("too_large", f"the answer is larger than {limit} bytes", sent=True)
        return b"".join(pieces)

    def cancel(self) -> None:
        """Give up: the connection is closed and its slot is free. Nothing happens when the answer has ended."""
        if not self._ended:
            self._on_cancel(self)

    # what follows is for the connection

    def begin(self, status: int, raw_head: bytes, *, decoded: bool) -> None:
        self.status = status
        self._raw_head = raw_head
        self._decoded = decoded

    def push(self, piece: bytes) -> int:
        """Take a piece of the body; how many bytes now wait for the reader."""
        self._chunks.append(piece)
        self._buffered += len(piece)
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
        return self._buffered

    def end(self, failure: UpstreamFailure | None, *, whole: bool) -> None:
        """The body is complete, or has failed."""
        self._ended = True
        self._failure = failure
        if whole:
            chunks, self._chunks = self._chunks, []
            self.body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
