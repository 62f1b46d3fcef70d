"""Prefixed, sortable ids with a ULID body: `run_01J...`. Monotonic inside one process."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from headgate.kernel.clock import Clock

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base32, as the ULID specification says
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
_FULL = (1 << 30) - 1024  # the last 30 bits count up, so that ids of one millisecond are in order


def _encode(value: int, pairs: int) -> str:
    """`value` as `2 * pairs` base32 characters."""
    return "".join([_PAIRS[(value >> shift) & 1023] for shift in range(10 * (pairs - 1), -1, -10)])


def ulid_maker(clock: Clock) -> Callable[[], str]:
    """A function giving a new 26-character ULID at each call, each larger than the one before.

    A millisecond has 50 random bits of its own and 30 that start at random and count up in random steps."""
    lock = threading.Lock()
    last_ms, count, head = -1, 0, ""

    def make() -> str:
        nonlocal last_ms, count, head
        with lock:
            now_ms = int(clock.now() * 1000)
            if now_ms > last_ms or count >= _FULL:
                last_ms = max(now_ms, last_ms + (now_ms <= last_ms))
                noise = int.from_bytes(os.urandom(11))
                head = _encode(last_ms, 5) + _encode(noise & ((1 << 50) - 1), 5)
                count = noise >> 60  # 28 bits: room to count
            else:
                count += 1 + (count * 2654435761 >> 7 & 1023)
            return head + _PAIRS[count >> 20] + _PAIRS[count >> 10 & 1023] + _PAIRS[count & 1023]

    return make


def ulid_floor(milliseconds: int) -> str:
    """What every ULID made at this time or later begins with or is greater than."""
    return _encode(min(milliseconds, 2**48 - 1), 5)


class Ids:
    """Makes ids: `ids.new("run")` gives `run_01J...`."""

    def __init__(self, clock: Clock) -> None:
        self._ulid = ulid_maker(clock)

    def new(self, prefix: str) -> str:
        return f"{prefix}_{self._ulid()}"
