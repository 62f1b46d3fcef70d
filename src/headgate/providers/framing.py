"""Where an HTTP/1.1 answer begins and ends: the head and the chunked body, as pure functions of bytes. Strict on purpose."""

from __future__ import annotations

import re
from dataclasses import dataclass

NO_BODY = 0
LENGTH = 1
CHUNKED = 2
UNTIL_CLOSE = 3

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
_HEAD = re.compile(
    rb"HTTP/1\.([01]) ([1-9][0-9][0-9])(?: [^\r\n\0]*)?\r\n(?:" + _TOKEN + rb"+:[^\r\n\0]*\r\n)*"
)  # fmt: skip
_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n\0]*)?\r\n")
_SIZE_START = re.compile(rb"[0-9A-Fa-f]{1,15}(?:[ \t]|;|\r|\Z)")
_MAX_SIZE_LINE = 4096
_MAX_TRAILERS = 16 * 1024


class Malformed(ValueError):
    """The answer breaks the protocol; the text says how, without any upstream bytes."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a head says about the body that follows."""

    status: int
    framing: int  # NO_BODY, LENGTH, CHUNKED or UNTIL_CLOSE
    length: int
    keep: bool  # may the connection be used again
    encoding: bytes  # of the content, lower case; empty for identity
    keep_s: float  # seconds the server says it keeps the connection; 0 when it does not say


def parse_head(raw: bytes, *, head_request: bool) -> Head:
    """Read `raw`: status line and header lines, each with its line end, without the blank line."""
    match = _HEAD.fullmatch(raw)
    if match is None:
        raise Malformed("bad status line or header line")
    status = int(match[2])
    if status == 101:
        raise Malformed("protocol switch that nobody asked for")
    lower = raw.lower()
    keep = match[1] == b"1"
    if lower.find(b"\nconnection:") >= 0:
        keep = keep and b"close" not in _tokens(lower, b"\nconnection:")
    encoding = b""
    if lower.find(b"\ncontent-encoding:") >= 0:
        encoding = b",".join(_tokens(lower, b"\ncontent-encoding:") - {b"identity"})
    framing, length = _framing(lower, http11=match[1] == b"1")
    if head_request or status < 200 or status in {204, 304}:
        framing, length = NO_BODY, 0
    keep_s = _keep_alive_s(lower) if lower.find(b"\nkeep-alive:") >= 0 else 0.0
    return Head(status, framing, length, keep and framing != UNTIL_CLOSE, encoding, keep_s)


def _framing(lower: bytes, *, http11: bool) -> tuple[int, int]:
    at = lower.find(b"\ncontent-length:")
    if lower.find(b"\ntransfer-encoding:") >= 0:
        if at >= 0:
            raise Malformed("both content-length and transfer-encoding")
        if not http11 or _values(lower, b"\ntransfer-encoding:") != [b"chunked"]:
            raise Malformed("unknown transfer-encoding")
        return CHUNKED, 0
    if at < 0:
        return UNTIL_CLOSE, 0
    value = lower[at + 16 : lower.index(b"\r", at + 1)].strip(b" \t")
    if lower.find(b"\ncontent-length:", at + 1) >= 0 and len(set(_values(lower, b"\ncontent-length:"))) > 1:
        raise Malformed("conflicting content-length")
    if not value.isdigit() or len(value) > 15:
        raise Malformed("bad content-length")
    return LENGTH, int(value)


def _values(lower: bytes, key: bytes) -> list[bytes]:
    """The values of every header line that starts with `key`, which begins with a line feed and ends with a colon."""
    found: list[bytes] = []
    at = lower.find(key)
    while at >= 0:
        end = lower.index(b"\r", at + 1)
        found.append(lower[at + len(key) : end].strip(b" \t"))
        at = lower.find(key, end)
    return found


def _tokens(lower: bytes, key: bytes) -> set[bytes]:
    return {token.strip(b" \t") for value in _values(lower, key) for token in value.split(b",")}


def _keep_alive_s(lower: bytes) -> float:
    match = re.search(rb"\nkeep-alive:[^\r]*timeout=([0-9]{1,6})", lower)
    return float(match[1]) if match else 0.0


def split_headers(raw: bytes) -> list[tuple[bytes, bytes]]:
    """The headers of a head that `parse_head` has accepted, names in lower case."""
    headers: list[tuple[bytes, bytes]] = []
    for line in raw.split(b"\r\n")[1:-1]:
        name, _, value = line.partition(b":")
        headers.append((name.lower(), value.strip(b" \t")))
    return headers


class ChunkedBody:
    """Takes a chunked body apart, whatever the cuts between reads."""

    __slots__ = ("_left", "_rest", "_trailer_bytes", "_trailing", "broken", "done")

    def __init__(self) -> None:
        self.done = False
        self.broken: Malformed | None = None  # what is wrong after the content that `feed` gave last
        # bytes of the current chunk still to come; -1: a size line is next; 0: the line end after the content is next
        self._left = -1
        self._rest = b""  # the beginning of a line whose end has not come
        self._trailing = False  # the last chunk has come, trailers may follow
        self._trailer_bytes = 0

    def feed(self, data: bytes) -> bytes:
        """The content in `data`. Sets `broken` when something is wrong, bytes after the end of the body included."""
        if self._rest:
            data = self._rest + data
            self._rest = b""
        pieces: list[bytes] = []
        try:
            self._take_apart(data, pieces)
        except Malformed as error:
            self.broken = error
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _take_apart(self, data: bytes, pieces: list[bytes]) -> None:
        at, end = 0, len(data)
        while at < end:
            if self._left > 0:
                piece = data[at : at + self._left]
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
            elif self.done:
                raise Malformed("bytes after the body")
            elif (after := self._line(data, at)) < 0:
                self._rest = data[at:]
                break
            else:
                at = after

    def _line(self, data: bytes, at: int) -> int:
        """Read one line that is not content; where the next thing begins, or -1 when the line is not complete."""
        if self._trailing:
            return self._trailer(data, at)
        if self._left == 0:
            if len(data) - at < 2 and data[at] == 13:
                return -1
            if data[at : at + 2] != b"\r\n":
                raise Malformed("bad chunk: no line end after the content")
            self._left = -1
            return at + 2
        match = _SIZE_LINE.match(data, at)
        if match is None:
            start = data[at : at + _MAX_SIZE_LINE]
            if len(start) == _MAX_SIZE_LINE or b"\n" in start or not _SIZE_START.match(start):
                raise Malformed("bad chunk size")
            return -1
        self._left = int(match[1], 16)
        if self._left == 0:
            self._left, self._trailing = -1, True
        return match.end()

    def _trailer(self, data: bytes, at: int) -> int:
        """Trailers are read and dropped; the blank line ends the body."""
        end = data.find(b"\r\n", at)
        if self._trailer_bytes + (len(data) if end < 0 else end) - at > _MAX_TRAILERS:
            raise Malformed("trailers too long")
        if end < 0:
            return -1
        self._trailer_bytes += end - at
        self.done = end == at
        return end + 2
