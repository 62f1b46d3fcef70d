"""The members of a JSON object as byte spans, for edits that leave every other byte alone."""

from __future__ import annotations

import json as stdlib_json
import re
from typing import NamedTuple

import msgspec

from headgate.kernel import json

_KEY = re.compile(rb'[\s,]*"([^"\\]*(?:\\.[^"\\]*)*)"\s*:\s*', re.DOTALL)
_OPEN = re.compile(rb"\s*\{")
_raws = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_scan = stdlib_json.JSONDecoder(strict=False).raw_decode


class Member(NamedTuple):
    """One `"key": value`. `key_at` is where the quote of the key is; the value is `body[start:end]`."""

    key: str
    key_at: int
    start: int
    end: int


def has_no_duplicates(body: bytes) -> bool:
    """A quick proof that no key of the object `body` comes twice; False means: look closer.

    A compact object whose members, as a dict of them has them, add up to its length holds nothing else.
    """
    raws = _raws(body)
    return len(body) == 1 + 4 * len(raws) + sum(map(len, raws)) + sum(map(len, raws.values()))


def members(body: bytes) -> list[Member]:
    """The members of the object `body` in order, keys that come twice included. `body` must be valid JSON."""
    raws = _raws(body)
    opening = _OPEN.match(body)
    at = opening.end() if opening else 0
    found: list[Member] = []
    while key_match := _KEY.match(body, at):
        spelled = key_match[1]
        key: str = json.decode(b'"' + spelled + b'"') if b"\\" in spelled else spelled.decode()
        start = key_match.end()
        at = start + len(raws[key])
        if body[start:at] != bytes(raws[key]) or body[at : at + 1] not in b",} \t\r\n":
            at = _end_of_value(body, start)  # not the last of this key: the dict holds another value
        found.append(Member(key, body.index(b'"', key_match.start()), start, at))
    return found


def _end_of_value(body: bytes, start: int) -> int:
    """Where the JSON value that begins at `start` ends. One byte is one character in Latin-1, so indexes agree."""
    return _scan(body.decode("latin-1"), start)[1]


def replace(body: bytes, key: str, value: bytes) -> bytes:
    """Give every member `key` of the object the JSON text `value`; nothing else changes."""
    for member in reversed(members(body)):
        if member.key == key:
            body = body[: member.start] + value + body[member.end :]
    return body


def insert(body: bytes, key: str, value: bytes) -> bytes:
    """Put a new member `key` in front of all others."""
    at = body.index(b"{") + 1
    separator = b"" if body[at:].lstrip(b" \t\r\n").startswith(b"}") else b","
    return b"".join((body[:at], b'"', key.encode(), b'":', value, separator, body[at:]))


def remove(body: bytes, key: str) -> bytes:
    """Take every member `key` out, each with one comma beside it."""
    for member in reversed(found := members(body)):
        if member.key != key:
            continue
        position = found.index(member)
        if position > 0:
            body = body[: found[position - 1].end] + body[member.end :]
        elif len(found) > 1:
            body = body[: member.key_at] + body[found[1].key_at :]
        else:
            body = body[: member.key_at] + body[member.end :]
        found = members(body)
    return body
