"""Where an HTTP/1.1 answer begins and ends: the head and the chunked body, as pure functions of bytes. Strict on purpose."""

from __future__ import annotations

import re
from dataclasses import dataclass

NO_BODY = 0
LENGTH = 1
CHUNKED = 2
UNTIL_CLOSE = 3

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
# lines are checked by their carriage returns: one negated character scans fast, and `parse_head` counts the line feeds
_HEAD = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9][0-9])(?: [^\r]*+)?\r\n(?>" + _TOKEN + rb"++:[^\r]*+\r\n)*+")
_FRAMING = re.compile(
    rb"\n(content-length|transfer-encoding|connection|content-encoding|keep-alive):[ \t]*([^\r]*)"
)
_KEEP_S = re.compile(rb"(?:^|[ ,\t])timeout=([0-9]{1,6})(?:$|[ ,\t])")
_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n\0]*)?\r\n")
_SIZE_START = re.compile(rb"[0-9A-Fa-f]{1,15}(?:[ \t]|;|\r|\Z)")
_MAX_SIZE_LINE = 4096
_MAX_TRAILERS = 16 * 1024


class Malformed(ValueError):
    """The answer breaks the protocol; the text says how, without any upstream bytes."""


@dataclass(slots=True)
class Head:
    """What a head says about the body that follows."""

    status: int
    keep: bool  # may the connection be used again
    framing: int = UNTIL_CLOSE
    length: int = 0
    encoding: bytes = b""  # of the content, lower case; empty for identity
    keep_s: float = 0.0  # seconds the server says it keeps the connection; 0 when it does not say


def parse_head(raw: bytes, *, head_request: bool) -> Head:
    """Read `raw`: status line and header lines, each with its line end, without the blank line."""
    match = _HEAD.fullmatch(raw)
    if match is None or raw.count(10) != raw.count(13) or 0 in raw:
        raise Malformed("bad status line or header line")
    http11 = match[1] == b"1"
    head = Head(int(match[2]), http11)
    for name, value in _FRAMING.findall(raw.lower()):
        _apply(head, name, value.rstrip(b" \t"), http11=http11)
    if head.status < 200 or head.status in {204, 304} or head_request:
        if head.status == 101:
            raise Malformed("protocol switch that nobody asked for")
        head.framing, head.length = NO_BODY, 0
    elif head.framing == UNTIL_CLOSE:
        head.keep = False
    return head


def _apply(head: Head, name: bytes, value: bytes, *, http11: bool) -> None:
    """Let one header line count. Lengths that differ, or come with chunks, could hide a second answer: refused."""
    if name == b"content-length":
        if not value.isdigit() or len(value) > 15:
            raise Malformed("bad content-length")
        length = int(value)
        if head.framing == CHUNKED or (head.framing == LENGTH and head.length != length):
            raise Malformed("conflicting content-length")
        head.framing, head.length = LENGTH, length
    elif name == b"transfer-encoding":
        if not http11 or value != b"chunked" or head.framing != UNTIL_CLOSE:
            raise Malformed("unknown or conflicting transfer-encoding")
        head.framing = CHUNKED
    elif name == b"connection":
        if b"close" in _tokens(value):
            head.keep = False
    elif name == b"keep-alive":
        if match := _KEEP_S.search(value):
            head.keep_s = float(match[1])
    else:
        coding = b",".join(token for token in _tokens(value) if token not in (b"", b"identity"))
        head.encoding = head.encoding + b"," + coding if head.encoding and coding else head.encoding or coding


def _tokens(value: bytes) -> list[bytes]:
    return [token.strip(b" \t") for token in value.split(b",")]


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
            if self._left < 0 and not self._trailing and (match := _SIZE_LINE.match(data, at)) is not None:
                begin = match.end()
                stop = begin + int(match[1], 16)
                if stop > begin and data[stop : stop + 2] == b"\r\n":  # the usual case: a whole chunk
                    pieces.append(data[begin:stop])
                    at = stop + 2
                    continue
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
        self._trailer_bytes += end + 2 - at
        self.done = end == at
        return end + 2
