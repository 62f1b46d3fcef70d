"""A request as the mock provider reads it, and its refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from headgate.kernel import json
from headgate.providers.mocking.dice import Dice
from headgate.wire.openai_chat import NOT_IN_CACHE_KEY

Fields = dict[str, Any]

CREATED = 1_767_225_600  # 2026-01-01: answers are stable, so their time stands still
FINGERPRINT = "fp_mock"
MAX_CHOICES = 128
_NOT_IN_SEED = NOT_IN_CACHE_KEY - {"model"}


class Refused(Exception):
    """The mock refuses a request as OpenAI would, with 400."""

    def __init__(self, message: str, param: str) -> None:
        super().__init__(message)
        self.message = message
        self.param = param

    def body(self) -> bytes:
        error = {
            "message": self.message,
            "type": "invalid_request_error",
            "param": self.param,
            "code": "invalid_value",
        }
        return json.encode({"error": error})


@dataclass(frozen=True, slots=True)
class Request:
    """The fields of a body, and dice that fall as the body says: equal requests, equal answers."""

    fields: Fields
    dice: Dice

    @property
    def model(self) -> str:
        return str(self.fields.get("model", ""))

    @property
    def stream(self) -> bool:
        return self.fields.get("stream") is True

    @property
    def wants_usage(self) -> bool:
        options = self.fields.get("stream_options")
        return isinstance(options, dict) and cast(Fields, options).get("include_usage") is True

    def whole_number(self, name: str, *, default: int | None, most: int | None = None) -> int | None:
        """A number of at least one; what is absent, null or below counts as not given."""
        value = self.fields.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            raise Refused(f"Invalid type for '{name}': expected an integer.", name)
        if most is not None and value > most:
            raise Refused(f"Invalid '{name}': expected at most {most}.", name)
        return value if value > 0 else default

    @property
    def choices(self) -> int:
        return self.whole_number("n", default=1, most=MAX_CHOICES) or 1


def read(body: bytes) -> Request:
    """`body` as a Request. Raises Refused when it is not a JSON object."""
    try:
        fields = json.decode(body)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise Refused("The body is not a JSON object.", "")
    told = cast(Fields, fields)
    seed = json.canonical({key: value for key, value in told.items() if key not in _NOT_IN_SEED})
    return Request(told, Dice(seed))
