"""Prefixed, sortable ids with a ULID body: `run_01J...`. Monotonic inside one process."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from headgate.kernel.clock import Clock

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base32, as the ULID specification says
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
_RANDOM_BITS = 80


def _encode(value: int, pairs: int) -> str:
    """`value` as `2 * pairs` base32 characters."""
    return "".join([_PAIRS[(value >> shift) & 1023] for shift in range(10 * (pairs - 1), -1, -10)])


def ulid_maker(clock: Clock) -> Callable[[], str]:
    """A function giving a new 26-character ULID at each call, each larger than the one before."""
    lock = threading.Lock()
    last_ms, last_random, stamp = -1, 0, ""

    def make() -> str:
        nonlocal last_ms, last_random, stamp
        with lock:
            now_ms = int(clock.now() * 1000)
            if now_ms > last_ms:
                last_ms = now_ms
                stamp = _encode(now_ms, 5)
                last_random = int.from_bytes(os.urandom(10)) >> 1  # head room for the increments below
            else:
                last_random += 1 + os.urandom(1)[0]
            return stamp + _encode(last_random, _RANDOM_BITS // 10)

    return make


class Ids:
    """Makes ids: `ids.new("run")` gives `run_01J...`."""

    def __init__(self, clock: Clock) -> None:
        self._ulid = ulid_maker(clock)

    def new(self, prefix: str) -> str:
        return f"{prefix}_{self._ulid()}"
