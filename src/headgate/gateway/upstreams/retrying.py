"""Asking again: how long to wait, what a provider's `Retry-After` says, and how many repeats it may be burdened with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from math import isnan

MAX_WAIT_S = 86_400.0  # what a header may say at most


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential with full jitter: anything between nothing and the step, so that callers do not come back together."""

    base_s: float = 0.5
    max_s: float = 8.0

    def wait_s(self, repeat: int, chance: float, told_s: float | None = None) -> float:
        """Before the `repeat`th repeat (from 1). `chance` is in [0, 1). Never less than the provider asked for."""
        jitter = chance * min(self.max_s, self.base_s * 2 ** min(repeat - 1, 30))
        return jitter if told_s is None else told_s + jitter


def retry_after_s(header: Callable[[bytes], bytes | None], now: float) -> float | None:
    """What an answer's headers ask for, in seconds from `now` (wall time): `retry-after-ms`, or `retry-after` as seconds
    or as an HTTP date. None when they say nothing that can be understood."""
    in_ms = _number(header(b"retry-after-ms"))
    if in_ms is not None:
        return _within(in_ms / 1000)
    raw = header(b"retry-after")
    if raw is None:
        return None
    seconds = _number(raw)
    if seconds is not None:
        return _within(seconds)
    try:
        moment = parsedate_to_datetime(raw.decode("latin-1"))
    except (ValueError, TypeError, IndexError):
        return None
    return _within(moment.timestamp() - now)


def _number(raw: bytes | None) -> float | None:
    if raw is None:
        return None
    try:
        value = float(raw)
    except ValueError:
        return None
    return None if isnan(value) else value


def _within(seconds: float) -> float:
    return min(max(seconds, 0.0), MAX_WAIT_S)


class RetryBudget:
    """A bucket of tokens: a repeat takes one, each first call puts in a part of one. A provider that is down sees no storm."""

    __slots__ = ("_share", "_size", "denied", "tokens")

    def __init__(self, *, share: float = 0.2, size: float = 10.0) -> None:
        self._share = share
        self._size = size
        self.tokens = size
        self.denied = 0

    def deposit(self) -> None:
        """A first call is made."""
        if self.tokens < self._size:
            self.tokens = min(self._size, self.tokens + self._share)

    def take(self) -> bool:
        """May a repeat be made?"""
        if self.tokens < 1.0:
            self.denied += 1
            return False
        self.tokens -= 1.0
        return True
