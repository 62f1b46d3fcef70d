"""Walking a JSON tree: requests strictly, with errors that name the field and a list of what nobody read; answers leniently."""

from __future__ import annotations

import re
from typing import Any, NoReturn, cast

from headgate.kernel import json
from headgate.kernel.errors import BadRequest
from headgate.wire.neutral import Fields

_INDEX = re.compile(r"\[\d+\]")
_JSON_NAMES = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
}


class Node:
    """An object of a request. What is read of it is noted, so that the rest can be told as lost."""

    __slots__ = ("_lost", "_read", "fields", "path")

    def __init__(self, fields: Fields, path: str = "", lost: list[str] | None = None) -> None:
        self.fields = fields
        self.path = path
        self._read: set[str] = set()
        self._lost: list[str] = [] if lost is None else lost

    @staticmethod
    def of(body: bytes) -> Node:
        """The object that `body` is. Raises BadRequest."""
        try:
            parsed = json.decode(body)
        except (ValueError, RecursionError) as error:
            raise BadRequest(f"The request body is not valid JSON: {error}.") from error
        if not isinstance(parsed, dict):
            raise BadRequest("The request body must be an object.")
        return Node(cast(Fields, parsed))

    def raw(self, key: str) -> Any:
        """The value of `key` as it is, None when it is not there."""
        self._read.add(key)
        return self.fields.get(key)

    def text(self, key: str) -> str:
        """A string that must be there."""
        value = self.raw(key)
        if value is None:
            self._missing(key)
        return value if isinstance(value, str) else self.wrong(key, "a string")

    def text_or(self, key: str, default: str = "") -> str:
        value = self.raw(key)
        if value is None:
            return default
        return value if isinstance(value, str) else self.wrong(key, "a string")

    def integer(self, key: str) -> int | None:
        value = self.number(key)
        if value is None:
            return None
        return int(value) if float(value).is_integer() else self.wrong(key, "an integer")

    def number(self, key: str) -> float | None:
        value = self.raw(key)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return value if value is None or is_number else self.wrong(key, "a number")

    def flag(self, key: str) -> bool | None:
        value = self.raw(key)
        return value if value is None or isinstance(value, bool) else self.wrong(key, "a boolean")

    def fields_of(self, key: str) -> Fields | None:
        """An object that is taken over as it is."""
        value = self.raw(key)
        is_object = value is None or isinstance(value, dict)
        return cast("Fields | None", value) if is_object else self.wrong(key, "an object")

    def node(self, key: str) -> Node | None:
        fields = self.fields_of(key)
        return None if fields is None else Node(fields, self.at(key), self._lost)

    def need(self, key: str) -> Node:
        """An object that must be there."""
        found = self.node(key)
        return self._missing(key) if found is None else found

    def nodes(self, key: str) -> list[Node]:
        """An array of objects; empty when it is not there."""
        found: list[Node] = []
        for index, value in enumerate(self.values(key)):
            path = f"{self.at(key)}[{index}]"
            if not isinstance(value, dict):
                raise BadRequest(f"Invalid type for '{path}': expected an object.", param=path)
            found.append(Node(cast(Fields, value), path, self._lost))
        return found

    def values(self, key: str) -> list[Any]:
        value = self.raw(key)
        if value is None:
            return []
        return cast("list[Any]", value) if isinstance(value, list) else self.wrong(key, "an array")

    def texts(self, key: str) -> list[str]:
        """An array of strings."""
        values = self.values(key)
        return (
            values
            if all(isinstance(each, str) for each in values)
            else self.wrong(key, "an array of strings")
        )

    def at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def wrong(self, key: str, expected: str) -> NoReturn:
        """Raise BadRequest: the value of `key` is not what it should be."""
        got = _JSON_NAMES.get(cast("type[Any]", type(self.fields.get(key))), "null")
        path = self.at(key)
        raise BadRequest(
            f"Invalid type for '{path}': expected {expected}, but got {got} instead.", param=path
        )

    def _missing(self, key: str) -> NoReturn:
        path = self.at(key)
        raise BadRequest(f"Missing required parameter: '{path}'.", param=path)

    def ignore(self, *keys: str) -> None:
        """Note `keys` as read: leaving them out changes nothing."""
        self._read.update(keys)

    def left(self) -> Fields:
        """The members that nobody read; null says nothing and so is not among them."""
        return {
            key: value for key, value in self.fields.items() if key not in self._read and value is not None
        }

    def close(self) -> None:
        """Nothing more will be read: what is left is lost, and told without its index."""
        for key in self.left():
            path = _INDEX.sub("[]", self.at(key))
            if path not in self._lost:
                self._lost.append(path)

    @property
    def lost(self) -> list[str]:
        """Paths of what `close` found unread, here and in all nodes of the same tree."""
        return self._lost


# Answers: what has another type than expected counts as not told.


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else ""


def count_of(value: Any) -> int:
    """A number of tokens: never negative."""
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0 else 0


def object_of(value: Any) -> Fields:
    return cast(Fields, value) if isinstance(value, dict) else {}


def objects_of(value: Any) -> list[Fields]:
    """The objects of an array."""
    if not isinstance(value, list):
        return []
    return [cast(Fields, each) for each in cast("list[Any]", value) if isinstance(each, dict)]


def answer_of(body: bytes) -> Fields:
    """A provider's answer as an object. Raises ValueError."""
    try:
        parsed = json.decode(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(parsed, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - the value of the bytes is wrong, as with broken JSON
    return cast(Fields, parsed)
