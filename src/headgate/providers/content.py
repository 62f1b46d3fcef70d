"""Content that came compressed although `identity` was asked for: gzip and deflate, decoded piece by piece, bounded."""

from __future__ import annotations

import zlib
from typing import Any

from headgate.providers.framing import Malformed

_STEP = 1024 * 1024
_GZIP = 16 + zlib.MAX_WBITS


class ContentTooLarge(ValueError):
    """The decoded content passes the bound."""


class ContentDecoder:
    """Decodes one body. `limit` bounds the whole output, so a small bomb cannot fill the memory."""

    __slots__ = ("_deflate", "_inner", "_left", "_start")

    def __init__(self, encoding: bytes, limit: int) -> None:
        if encoding not in (b"gzip", b"x-gzip", b"deflate"):
            raise Malformed("content-encoding that nobody asked for")
        self._deflate = encoding == b"deflate"
        self._inner: Any = None
        self._left = limit
        self._start = b""  # the first two bytes, which tell the two flavours of deflate apart

    def feed(self, data: bytes) -> bytes:
        """What `data` decodes to. Raises Malformed or ContentTooLarge."""
        if self._inner is None:
            data = self._start = self._start + data
            if len(data) < 2:
                return b""
            self._inner = zlib.decompressobj(self._window(data))
        try:
            return b"".join(self._decode(data))
        except zlib.error:
            raise Malformed("broken compressed content") from None

    def _window(self, start: bytes) -> int:
        if not self._deflate:
            return _GZIP
        wrapped = start[0] & 15 == 8 and int.from_bytes(start[:2], "big") % 31 == 0
        return zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS

    def _decode(self, data: bytes) -> list[bytes]:
        pieces: list[bytes] = []
        while True:
            if self._inner.eof:
                if self._deflate:
                    raise Malformed("bytes after the compressed content")
                self._inner = zlib.decompressobj(_GZIP)  # gzip may be a row of members
            piece: bytes = self._inner.decompress(data, _STEP)
            self._left -= len(piece)
            if self._left < 0:
                raise ContentTooLarge("decoded content is too large")
            pieces.append(piece)
            data = self._inner.unused_data if self._inner.eof else self._inner.unconsumed_tail
            if not data and (self._inner.eof or len(piece) < _STEP):
                return pieces

    def finish(self) -> None:
        """The body has ended: Malformed when the compressed content is cut off."""
        if self._start and (self._inner is None or not self._inner.eof):
            raise Malformed("compressed content is cut off")
