"""What came of reading another gateway's config: our settings, and a note for everything in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from headgate.providers.rows import ROWS

ENVIRONMENT = "os.environ/"


class Note(NamedTuple):
    """One place of the other config, and what became of it or why nothing did."""

    place: str
    text: str


class Unreadable(ValueError):
    """The file is not what it should be; the message says where."""


@dataclass(slots=True)
class Move:
    """`settings` is a settings file; `environment` the variables that must be set, with where their values are now."""

    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    taken: list[Note] = field(default_factory=list[Note])
    left: list[Note] = field(default_factory=list[Note])
    environment: dict[str, str] = field(default_factory=dict[str, str])

    def take(self, place: str, text: str) -> None:
        self.taken.append(Note(place, text))

    def leave(self, place: str, why: str) -> None:
        self.left.append(Note(place, why))

    def put(self, *path: str, value: Any) -> None:
        """Set a value of the settings, making the mappings on the way."""
        *above, last = path
        spot = self.settings
        for name in above:
            spot = cast("dict[str, Any]", spot.setdefault(name, {}))
        spot[last] = value

    def add(self, *path: str, value: Any) -> None:
        """Add to a list of the settings."""
        *above, last = path
        spot = self.settings
        for name in above:
            spot = cast("dict[str, Any]", spot.setdefault(name, {}))
        spot.setdefault(last, []).append(value)

    def need_key(self, place: str, provider: str, given: Any) -> None:
        """A key: taken by the name of its variable, never by its value."""
        row = ROWS.get(provider)
        own = row.keys[0] if row is not None and row.keys else ""
        text = str(given)
        if not text.startswith(ENVIRONMENT):
            why = (
                f"keys are not copied: set {own}"
                if own
                else "keys are not copied: set `api_key` of the provider yourself"
            )
            self.leave(place, why)
            if own:
                self.environment.setdefault(own, "the key in the other file")
            return
        name = text.removeprefix(ENVIRONMENT)
        if row is not None and name in row.keys:
            self.environment.setdefault(name, name)
            self.take(place, f"read from {name}, as before")
        elif own:
            before = self.environment.get(own)
            both = f"{before}, {name}" if before and name not in before.split(", ") else before or name
            self.environment[own] = both
            more = " (several keys with commas between them)" if ", " in both else ""
            self.take(place, f"set {own} to the value of {both}{more}")
        else:
            self.leave(place, f"set `providers.{provider}.api_key` to the value of {name} yourself")


def mapping(value: Any, place: str) -> dict[str, Any]:
    """A mapping with names for keys; empty for None. Raises Unreadable."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Unreadable(f"{place}: a mapping is expected here")
    return {str(name): inner for name, inner in cast("Mapping[Any, Any]", value).items()}


def listing(value: Any, place: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unreadable(f"{place}: a list is expected here")
    return cast("list[Any]", value)
