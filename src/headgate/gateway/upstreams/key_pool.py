"""Which of a provider's keys a call goes with: by weight, the same for the same long prompt, and not one that is cooling down."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from math import log
from typing import Protocol, TypeVar

PREFIX_BYTES = 3072  # what providers' prompt caches begin at is about 1,024 tokens
REFUSED_S = 60.0  # a key that is not accepted
LIMITED_S = 5.0  # a key that has used up its rate, when nothing is said of how long
MAX_COOL_S = 3600.0
MAX_COOLING = 1000
_SAID = re.compile(rb'"(?:messages|system|input|contents|instructions|tools|prompt|systemInstruction)"\s*:')
_CACHE_KEY = re.compile(rb'"prompt_cache_key"\s*:\s*("(?:[^"\\]|\\.)*")')


class Key(Protocol):
    """A key of a provider. `ref` is its short name, and no secret."""

    @property
    def ref(self) -> str: ...
    @property
    def weight(self) -> int: ...


KeyT = TypeVar("KeyT", bound=Key)


def affinity_of(body: bytes, walls: bytes) -> bytes | None:
    """What must stay together because a provider's prompt cache may hold its beginning; None for a short prompt.
    `walls`: whose prompt it is. Nothing is remembered: the same beginning gives the same answer, here and in other gateways."""
    if len(body) < PREFIX_BYTES:
        return None
    found = _CACHE_KEY.search(body)
    if found is not None:
        return blake2b(walls + found[1], digest_size=8).digest()
    said = _SAID.search(body)
    start = said.start() if said is not None else 0
    if len(body) - start < PREFIX_BYTES:
        return None
    return blake2b(walls + body[start : start + PREFIX_BYTES], digest_size=8).digest()


def rank(affinity: bytes, name: str, weight: int) -> float:
    """The place of `name` for this affinity, lowest first (weighted rendezvous hashing: few move when a name goes)."""
    digest = blake2b(affinity + name.encode(), digest_size=8).digest()
    return draw((int.from_bytes(digest, "big") + 0.5) / 2**64, weight)


def draw(chance: float, weight: int) -> float:
    """The place of somebody of `weight` for a chance in (0, 1): the smallest of many comes first as often as weights say."""
    return -log(max(chance, 1e-300)) / max(weight, 1e-9)


class Cooling:
    """The keys of one provider that are not asked for a while, for one model or for all."""

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until: dict[tuple[str, str], float] = {}

    def rest(self, ref: str, now: float, seconds: float, *, model: str = "") -> None:
        """Leave the key alone for so long, at least; with `model` only for that."""
        if len(self._until) >= MAX_COOLING:
            self._until = {at: until for at, until in self._until.items() if until > now}
        at = (ref, model)
        self._until[at] = max(self._until.get(at, 0.0), now + min(seconds, MAX_COOL_S))

    def wake(self, ref: str, model: str) -> None:
        """It answered: nothing is wrong with it."""
        if self._until:
            self._until.pop((ref, ""), None)
            self._until.pop((ref, model), None)

    def left_s(self, ref: str, model: str, now: float) -> float:
        """How long the key is still left alone for this model."""
        if not self._until:
            return 0.0
        until = max(self._until.get((ref, ""), 0.0), self._until.get((ref, model), 0.0))
        return max(0.0, until - now)


def order_keys(keys: Sequence[KeyT], affinity: bytes | None, chances: Sequence[float]) -> list[KeyT]:
    """All keys, the one to use first at the front. `chances`: one in [0, 1) for each, used where no affinity decides."""
    if affinity is not None:
        return sorted(keys, key=lambda key: rank(affinity, key.ref, key.weight))
    drawn = {key.ref: draw(1.0 - chance, key.weight) for key, chance in zip(keys, chances, strict=False)}
    return sorted(keys, key=lambda key: drawn[key.ref])
