"""A string that matches a regular expression: the common part of the syntax, as JSON Schemas use it."""

from __future__ import annotations

import string

from headgate.providers.mocking.dice import Dice

_WORD = string.ascii_lowercase + string.digits
_SETS = {"d": string.digits, "w": _WORD, "s": " ", "D": string.ascii_lowercase, "W": "-", "S": _WORD}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_PRINTABLE = [chr(code) for code in range(32, 127)]
_MORE = 3  # how many repeats beyond the least an open-ended quantifier may get


def matching(pattern: str, dice: Dice) -> str:
    """A string for `pattern`. Raises ValueError for syntax that is not understood (look-arounds, back-references)."""
    reader = _Reader(pattern, dice)
    text = reader.alternatives()
    if reader.at < len(pattern):
        raise ValueError("unbalanced parenthesis")
    return text


class _Reader:
    """Walks over the pattern and writes a match as it goes."""

    def __init__(self, pattern: str, dice: Dice) -> None:
        self._pattern = pattern
        self._dice = dice
        self.at = 0

    def alternatives(self) -> str:
        options = [self._sequence()]
        while self._peek() == "|":
            self.at += 1
            options.append(self._sequence())
        return self._dice.pick(options)

    def _peek(self) -> str:
        return self._pattern[self.at : self.at + 1]

    def _next(self) -> str:
        char = self._peek()
        if not char:
            raise ValueError("pattern ends too early")
        self.at += 1
        return char

    def _sequence(self) -> str:
        out: list[str] = []
        while self._peek() not in ("", "|", ")"):
            start = self.at
            piece = self._atom()
            end = self.at
            least, most = self._quantifier()
            count = least + self._dice.below(most - least + 1)
            after = self.at
            pieces = [piece] if count else []
            for _ in range(count - 1):  # each repeat makes its own choices
                self.at = start
                pieces.append(self._atom())
                if self.at != end:
                    raise ValueError("unstable pattern")
            self.at = after
            out.extend(pieces)
        return "".join(out)

    def _atom(self) -> str:
        char = self._next()
        if char in "^$":
            return ""
        if char == ".":
            return self._dice.pick(_WORD)
        if char == "[":
            return self._dice.pick(self._char_class())
        if char == "(":
            return self._group()
        if char == "\\":
            return self._dice.pick(self._escape())
        return char

    def _group(self) -> str:
        if self._peek() == "?":
            self.at += 1
            kind = self._next()
            if kind == "P" or (kind == "<" and self._peek() not in "=!"):
                self.at = self._pattern.index(">", self.at) + 1
            elif kind != ":":
                raise ValueError("look-arounds are not understood")
        text = self.alternatives()
        if self._next() != ")":
            raise ValueError("unbalanced parenthesis")
        return text

    def _escape(self) -> str:
        """The characters that an escape may stand for."""
        char = self._next()
        if char in _SETS:
            return _SETS[char]
        if char in "bB":
            raise ValueError("word boundaries are not understood")
        if char in "123456789kpP":
            raise ValueError("back-references and properties are not understood")
        if char in "xu":
            digits = self._pattern[self.at : self.at + (2 if char == "x" else 4)]
            self.at += len(digits)
            return chr(int(digits, 16))
        return _ESCAPES.get(char, char)

    def _char_class(self) -> str:
        negated = self._peek() == "^"
        if negated:
            self.at += 1
        allowed = ""
        while self._peek() != "]" or not allowed:
            low = self._class_item()
            if (
                self._peek() == "-"
                and self._pattern[self.at + 1 : self.at + 2] not in ("]", "")
                and len(low) == 1
            ):
                self.at += 1
                high = self._class_item()
                low = "".join(chr(code) for code in range(ord(low), ord(high) + 1))
            allowed += low
        self.at += 1
        if not negated:
            return allowed
        left = [char for char in _PRINTABLE if char not in allowed]
        if not left:
            raise ValueError("nothing is left of a negated class")
        return "".join([char for char in left if char in _WORD] or left)

    def _class_item(self) -> str:
        char = self._next()
        if char != "\\":
            return char
        return "\b" if self._peek() == "b" and self._next() else self._escape()

    def _quantifier(self) -> tuple[int, int]:
        char = self._peek()
        least, most = 1, 1
        if char in ("*", "+", "?") and char:
            self.at += 1
            least = 1 if char == "+" else 0
            most = 1 if char == "?" else least + _MORE
        elif char == "{" and (end := self._pattern.find("}", self.at)) > 0:
            low, comma, high = self._pattern[self.at + 1 : end].partition(",")
            self.at = end + 1
            least = int(low or 0)
            most = least if not comma else int(high) if high else least + _MORE
        else:
            return 1, 1
        if self._peek() in ("?", "+") and self._peek():
            self.at += 1
        return least, most
