"""What every client is asked to do, and what it has to see when everything in between is right."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tools.rig.vendors.scene import ADA, CACHED_TOKENS, COMPLETION_TOKENS, PROMPT_TOKENS, Asked, answer

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SYSTEM = "a parrot"
HELLO = "Hello there, how are you?"
WEATHER = "What is the weather in Paris and Oslo?"
TOOL = "get_weather"
TOOL_TEXT = "The weather in a city."
PARAMETERS: dict[str, Any] = {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False,
}  # fmt: skip
RESULTS = ("sunny", "snow")
PERSON = "Who wrote the first program? Answer as JSON."
SCHEMA: dict[str, Any] = {
    "type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}, "required": ["name", "age"],
    "additionalProperties": False,
}  # fmt: skip
LOOK = "What is in the picture?"
FAIL_429, FAIL_400 = "fail:429", "fail:400"

USAGE = (
    PROMPT_TOKENS,
    COMPLETION_TOKENS,
    CACHED_TOKENS,
)  # cached ones are part of the prompt, in every vendor's words
CALLS = ((TOOL, {"city": "Paris"}), (TOOL, {"city": "Oslo"}))

Saw = dict[str, Any]
Check = Callable[[], Saw]


@dataclass(frozen=True, slots=True)
class Client:
    """One SDK pointed at a server. `checks` by feature; each returns what was seen."""

    name: str
    checks: Mapping[str, Check]


def expected() -> dict[str, Saw]:
    """What has to be seen, by feature."""
    said = answer(Asked("m", text=HELLO, system=SYSTEM)).text
    return {
        "plain": {"text": said, "finish": "stop", "usage": USAGE},
        "stream": {"text": said, "finish": "stop", "usage": USAGE, "many": True},
        "tools": {
            "calls": CALLS,
            "finish": "tools",
            "then": answer(Asked("m", tool_results=list(RESULTS))).text,
        },
        "tool stream": {"calls": CALLS, "finish": "tools"},
        "structured": {"json": ADA},
        "image": {"text": answer(Asked("m", image_bytes=[len(PNG)])).text},
        "errors": {"429": (429, True), "400": (400, True)},
    }


FEATURES = tuple(expected())


def run(check: Check) -> Saw:
    """What a check saw, or the error that ended it."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - whatever an SDK raises is a finding
        return {"raised": f"{type(error).__name__}: {error}"[:300]}


def arguments(text: str) -> Any:
    return json.loads(text) if text else {}
