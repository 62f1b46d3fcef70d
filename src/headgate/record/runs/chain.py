"""The chain of a run's events: `h_i = sha256(h_{i-1} + canonical JSON of event i)`, beginning with the run's id.

Stored as one blob: per event its length, its hash and its JSON, `[at_us, name, payload]` with sorted keys.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import msgspec

from headgate.call.frames import Event
from headgate.kernel.json import canonical

_LENGTH = struct.Struct("<I")
_HASH = 32
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


def extend(head: bytes, events: Iterable[Event]) -> tuple[bytes, bytes]:
    """The blob of `events` and the new head. The first event of a run stands on the run's id."""
    parts: list[bytes] = []
    for event in events:
        text = canonical(event)
        head = sha256(head + text).digest()
        parts += (_LENGTH.pack(len(text)), head, text)
    return b"".join(parts), head


def links(blob: bytes) -> Iterator[Link]:
    """The stored events of a blob, in order. A blob that is cut or garbled gives one last link without text."""
    at, size = 0, len(blob)
    while at < size:
        body = at + _LENGTH.size + _HASH
        length = _LENGTH.unpack_from(blob, at)[0] if body <= size else 0
        if body > size or body + length > size:
            yield Link(b"", b"")
            return
        yield Link(bytes(blob[at + _LENGTH.size : body]), bytes(blob[body : body + length]))
        at = body + length


def follow(head: bytes, blob: bytes) -> Integrity:
    """Walk the links of a blob that begins on `head`, up to the first that does not fit."""
    seen = 0
    for link in links(blob):
        head = sha256(head + link.text).digest()
        if head != link.digest:
            return Integrity(False, seen, seen, link.digest)
        seen += 1
    return Integrity(True, seen, None, head)


def verify(run_id: str, blob: bytes, *, head: bytes, count: int) -> Integrity:
    """Check a run's chain against the `head` and `count` that are kept elsewhere."""
    result = follow(run_id.encode(), blob)
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
