"""Conditions in CEL, the Common Expression Language: compiled once, without loops that do not end, true or false.

A condition may be impossible to evaluate (a value is missing, or of another type): `ask` then says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAX_CHARS = 4000
_MACROS = (".all(", ".exists(", ".exists_one(", ".map(", ".filter(")  # they bind names of their own


class BadCondition(ValueError):
    """The text is not a condition; the message says why, in one line."""


class Condition:
    """One compiled condition over the names that were allowed when it was made."""

    __slots__ = ("_program", "names", "text")

    def __init__(self, text: str, known: frozenset[str]) -> None:
        """Raises BadCondition for bad syntax and for names that are not `known`."""
        if len(text) > MAX_CHARS:
            raise BadCondition(f"longer than {MAX_CHARS} characters")
        import cel  # its package imports a command line: a quarter of a second

        try:
            program: Any = cel.compile(text)
        except (ValueError, RuntimeError, SyntaxError, TypeError) as error:
            raise BadCondition(str(error).strip().splitlines()[0].rstrip(": ")) from None
        unknown = sorted(set(program.variables()) - known)
        if unknown and not any(macro in text for macro in _MACROS):
            raise BadCondition(f"unknown name {unknown[0]!r}; known are {', '.join(sorted(known))}")
        self.text = text
        self.names = known.intersection(program.variables())  # of the values that it looks at
        self._program = program

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Is it true of `values`? False when it cannot be evaluated."""
        return self.ask(values)[0]

    def ask(self, values: Mapping[str, Any]) -> tuple[bool, str]:
        """Whether it holds, and why it could not be evaluated, or ""."""
        try:
            return self._program.execute(dict(values)) is True, ""
        except (RuntimeError, TypeError, ValueError, LookupError, OverflowError) as error:
            return False, (str(error).strip() or type(error).__name__).splitlines()[0]
