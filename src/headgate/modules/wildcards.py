"""Names with `*` for any rest of a name: which of several patterns fits, so that a verdict can say why."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import re2  # pyright: ignore[reportMissingTypeStubs] - it has none

ANY = "*"


class Wildcards:
    """Patterns like `gpt-4*` or `*-mini`. Upper and lower case are the same."""

    __slots__ = ("_exact", "_wild", "patterns")

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = tuple(patterns)
        self._exact = {pattern.lower(): pattern for pattern in self.patterns if ANY not in pattern}
        # `.*` between fixed pieces never backtracks far: names are short, and bounded where they come in
        self._wild = [
            (re.compile(".*".join(map(re.escape, pattern.lower().split(ANY))), re.DOTALL), pattern)
            for pattern in self.patterns
            if ANY in pattern
        ]

    def match(self, name: str) -> str | None:
        """The pattern that fits `name`, or None."""
        name = name.lower()
        found = self._exact.get(name)
        if found is not None:
            return found
        return next((pattern for shape, pattern in self._wild if shape.fullmatch(name)), None)

    def any(self, names: Iterable[str]) -> str | None:
        """The first pattern that fits one of `names`."""
        return next((found for name in names if (found := self.match(name)) is not None), None)

    def which(self, names: Iterable[str]) -> str | None:
        """The first of `names` that a pattern fits."""
        return next((name for name in names if self.match(name) is not None), None)


def safe_pattern(text: str, *, any_case: bool = False) -> Any:
    """A user's pattern, compiled by RE2, which takes linear time whatever it is given. Raises ValueError."""
    engine: Any = re2
    options = engine.Options()
    options.log_errors = False
    options.case_sensitive = not any_case
    try:
        return engine.compile(text, options)
    except engine.error as error:
        said: Any = error.args[0] if error.args else ""
        words = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise ValueError(f"not a pattern that RE2 knows: {words}") from None


def spellings(model: str) -> tuple[str, ...]:
    """A model's name with and without a provider in front of it."""
    return tuple({model: 0, model.partition(":")[2] or model: 0, model.partition("/")[2] or model: 0})
