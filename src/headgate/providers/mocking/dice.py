"""Choices that look random and are a function of their seed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """An endless row of choices. Equal seeds make equal choices."""

    def __init__(self, seed: bytes) -> None:
        self._seed = hashlib.sha256(seed).digest()
        self._rolled = 0

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1."""
        self._rolled += 1
        roll = hashlib.sha256(self._seed + self._rolled.to_bytes(8)).digest()
        return int.from_bytes(roll[:12]) % limit

    def pick(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def fork(self, label: str) -> Dice:
        """Other dice, which depend on these dice's seed and on `label` only."""
        return Dice(self._seed + label.encode("utf-8", "surrogatepass"))

    def token(self, length: int) -> str:
        """Hexadecimal digits that depend on the seed only."""
        return hashlib.sha256(b"token" + self._seed).hexdigest()[:length]
