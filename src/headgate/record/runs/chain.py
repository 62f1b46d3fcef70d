"""The chain of a run's events: `h_i = sha256(h_{i-1} + canonical JSON of event i)`, beginning with the run's id and facts.

Stored as one blob: how many, their hashes, then a line of JSON for each, `[at_us,name,payload]` with sorted keys.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import msgspec

from headgate.call.frames import Event

_COUNT = struct.Struct("<I")
_HASH = 32
_encode_lines = msgspec.json.Encoder(order="sorted").encode_lines
_decode_event = msgspec.json.Decoder(Event).decode


class Link(NamedTuple):
    """One stored event: the hash it was stored with and its canonical JSON."""

    digest: bytes
    text: bytes


@dataclass(frozen=True, slots=True)
class Integrity:
    """What checking a chain came to. `first_bad` counts from 0; `count` events were readable."""

    ok: bool
    count: int
    first_bad: int | None
    head: bytes


def seed(run_id: str, facts: bytes) -> bytes:
    """What a run's chain begins with: `facts` are its money, status and route, so that they can't be changed alone."""
    return sha256(b"%b\n%b" % (run_id.encode(), facts)).digest()


def extend(head: bytes, events: Sequence[Event]) -> tuple[bytes, bytes]:
    """The blob of `events` and the new head. The first event of a run stands on its `seed`."""
    return _chained(head, _lines(events))


def extend_all(starts: Iterable[tuple[bytes, Sequence[Event]]]) -> list[tuple[bytes, bytes]]:
    """`extend` for many runs at once: one encoding for all their events."""
    pairs = list(starts)
    lines = _lines([event for _, events in pairs for event in events])
    done: list[tuple[bytes, bytes]] = []
    at = 0
    for head, events in pairs:
        done.append(_chained(head, lines[at : at + len(events)]))
        at += len(events)
    return done


def _lines(events: Sequence[Event]) -> list[bytes]:
    return _encode_lines(events).splitlines()  # JSON has no line ends inside


def _chained(head: bytes, lines: list[bytes]) -> tuple[bytes, bytes]:
    parts = [_COUNT.pack(len(lines))]
    for line in lines:
        head = sha256(head + line).digest()
        parts.append(head)
    parts.append(b"\n".join(lines))
    return b"".join(parts), head


def links(blob: bytes) -> Iterator[Link]:
    """The stored events of a blob, in order. A blob that is cut or garbled gives a last link that fits nowhere."""
    if not blob:
        return
    count = _COUNT.unpack_from(blob)[0] if len(blob) >= _COUNT.size else 0
    begin = _COUNT.size + count * _HASH
    lines = bytes(blob[begin:]).split(b"\n") if len(blob) > begin else []
    for number in range(count):
        at = _COUNT.size + number * _HASH
        yield Link(bytes(blob[at : at + _HASH]), lines[number] if number < len(lines) else b"")
    if len(lines) != count:
        yield Link(b"", b"")


def follow(head: bytes, blob: bytes) -> Integrity:
    """Walk the links of a blob that begins on `head`, up to the first that does not fit."""
    seen = 0
    for link in links(blob):
        head = sha256(head + link.text).digest()
        if head != link.digest:
            return Integrity(False, seen, seen, link.digest)
        seen += 1
    return Integrity(True, seen, None, head)


def verify(run_id: str, blob: bytes, *, facts: bytes, head: bytes, count: int) -> Integrity:
    """Check a run's chain, and so its `facts`, against the `head` and `count` that are kept elsewhere."""
    result = _verify(seed(run_id, facts), blob, head=head, count=count)
    if not result.ok and (older := _verify(run_id.encode(), blob, head=head, count=count)).ok:
        return older  # from before facts were part of it
    return result


def _verify(start: bytes, blob: bytes, *, head: bytes, count: int) -> Integrity:
    result = follow(start, blob)
    if result.ok and (result.count, result.head) != (count, head):
        first_bad = min(result.count, count) if result.count != count else max(0, count - 1)
        return Integrity(False, result.count, first_bad, result.head)
    return result


def read_event(link: Link) -> Event | None:
    """The event of a link; None when its text can't be read any more."""
    try:
        return _decode_event(link.text)
    except msgspec.MsgspecError:
        return None
