"""What is asked and what is answered, whatever the format: the same question gets the same answer from every vendor."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

Fields = dict[str, Any]

ADA = {"name": "Ada", "age": 36}
PROMPT_TOKENS, CACHED_TOKENS, COMPLETION_TOKENS = 21, 8, 7
JSON_TOOL = "json"
FAIL = "fail:"  # "fail:429" in the user's text asks for that error


def fields(value: Any) -> Fields:
    """An optional object."""
    return cast(Fields, value or {})


def objects(value: Any) -> list[Fields]:
    """An optional array of objects."""
    return cast("list[Fields]", value or [])


@dataclass(slots=True)
class Asked:
    """The parts of a request that decide its answer."""

    model: str
    text: str = ""  # the last user text
    system: str = ""
    image_bytes: list[int] = field(default_factory=list[int])
    tools: list[str] = field(default_factory=list[str])
    tool_results: list[str] = field(default_factory=list[str])
    wants_json: bool = False
    stream: bool = False

    @property
    def status(self) -> int:
        """The error that is asked for, or 200."""
        at = self.text.find(FAIL)
        return int(self.text[at + len(FAIL) :][:3]) if at >= 0 else 200


@dataclass(frozen=True, slots=True)
class ToolUse:
    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """The answer: text in pieces, or tool calls."""

    pieces: tuple[str, ...] = ()
    tools: tuple[ToolUse, ...] = ()

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def answer(asked: Asked) -> Said:
    """The answer to `asked`."""
    if asked.tool_results:
        return _told("The tools said: " + ", ".join(asked.tool_results) + ".")
    if asked.tools and "weather" in asked.text:
        cities = [city for city in ("Paris", "Oslo") if city in asked.text] or ["Paris"]
        calls = [
            ToolUse(f"call_{index}abcdef", asked.tools[0], {"city": city})
            for index, city in enumerate(cities)
        ]
        return Said(tools=tuple(calls))
    if JSON_TOOL in asked.tools:  # how an SDK asks for JSON of a model that it does not know to be able to
        return Said(tools=(ToolUse("call_json", JSON_TOOL, ADA),))
    if asked.wants_json:
        return _told(json.dumps(ADA))
    if asked.image_bytes:
        return _told(f"I see {len(asked.image_bytes)} image of {asked.image_bytes[0]} bytes.")
    who = f" as {asked.system}" if asked.system else ""
    return _told(f"You said{who}: {asked.text} Zażółć 😀.")


def _told(text: str) -> Said:
    return Said(tuple(text[at : at + 5] for at in range(0, len(text), 5)))
