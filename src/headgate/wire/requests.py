"""Reading requests: strict about what we read, errors that name the field, and the edits before a body goes upstream."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar, cast

import msgspec

from headgate.call.call import Call, View
from headgate.kernel import json
from headgate.kernel.errors import BadRequest
from headgate.wire.members import has_no_duplicates, insert, members, replace
from headgate.wire.shape import StreamOptions, StreamView

PREVIEW_CHARS = 200
MAX_MODEL_CHARS = 1000

_PREVIEW_BYTES = 1600  # enough JSON text for the preview; at most eight bytes a character
_LONGEST_UNIT = 12  # bytes of an escaped surrogate pair
_USAGE_ON = b'{"include_usage":true}'

_EXPECTED = re.compile(r"Expected `([^`]+)`, got `([^`]+)`(?: - at `\$\.?([^`]*)`)?")
_MISSING = re.compile(r"missing required field `([^`]+)`(?: - at `\$\.?([^`]*)`)?")
_NULL_STREAM = "Expected `bool`, got `null` - at `$.stream`"
_NAMES = {
    "str": "a string", "int": "an integer", "float": "a number", "bool": "a boolean", "array": "an array", "object": "an object",
    "null": "null", "int | float": "a number",
}  # fmt: skip

ViewT = TypeVar("ViewT", bound=View)

_read_object = msgspec.json.Decoder(dict[str, Any]).decode


def parser(
    view: type[ViewT], check: Callable[[ViewT], None] | None = None, *, needs_model: bool = True
) -> Callable[[bytes], ViewT]:
    """A function that reads a request body as `view`, or raises BadRequest. Some formats need no model in the body."""
    decode = msgspec.json.Decoder(view).decode
    read_keys = frozenset(view.__struct_fields__)

    def parse(body: bytes) -> ViewT:
        try:
            parsed = decode(body)
            if not has_no_duplicates(body):
                _refuse_duplicates(body, read_keys)
            if not body.isascii():
                body.decode()
        except msgspec.ValidationError as error:
            if _NULL_STREAM not in str(error):
                raise _explain(error) from error
            parsed = parse(replace(body, "stream", b"false"))
        except UnicodeDecodeError as error:
            raise BadRequest("The request body is not valid UTF-8.") from error
        except RecursionError as error:
            raise BadRequest("The request body is nested too deeply.") from error
        except ValueError as error:
            raise BadRequest(f"The request body is not valid JSON: {error}.") from error
        if needs_model or parsed.model:
            check_model(parsed.model)
        if check is not None:
            check(parsed)
        return parsed

    return parse


def _refuse_duplicates(body: bytes, read_keys: AbstractSet[str]) -> None:
    """Readers differ in which of two equal keys they take, so what we judge by must be there once."""
    seen: set[str] = set()
    for member in members(body):
        if member.key in seen and member.key in read_keys:
            raise BadRequest(
                f"Duplicate parameter: '{member.key}' is given more than once.", param=member.key
            )
        seen.add(member.key)


def check_model(model: str) -> None:
    """Raise BadRequest when `model` can't be the id of one."""
    if not model or not model.isprintable() or len(model) > MAX_MODEL_CHARS:
        raise BadRequest("Invalid 'model': expected the id of a model.", param="model")


def _explain(error: msgspec.ValidationError) -> BadRequest:
    """A validation error in the words and with the `param` that OpenAI uses."""
    text = str(error)
    if missing := _MISSING.search(text):
        field, parent = missing[1], missing[2]
        param = f"{parent}.{field}" if parent else field
        return BadRequest(f"Missing required parameter: '{param}'.", param=param)
    if wrong := _EXPECTED.search(text):
        expected = " or ".join(_NAMES.get(name, name) for name in wrong[1].split(" | "))
        got = _NAMES.get(wrong[2], wrong[2])
        if not wrong[3]:
            return BadRequest(f"The request body must be {expected}, but it is {got}.")
        return BadRequest(
            f"Invalid type for '{wrong[3]}': expected {expected}, but got {got} instead.", param=wrong[3]
        )
    return BadRequest(f"The request body is not valid: {text}.")


def upstream_body(call: Call) -> bytes:
    """The client's bytes, but for the routed model's name and for usage asked of every stream."""
    body, view = call.body, call.view
    if view.stream and not (view := cast(StreamView, view)).wants_usage:
        body = _ask_usage(body, view)
    if call.model != call.view.model:
        body = replace(body, "model", json.encode(call.model))
    return body


def renamed_body(call: Call) -> bytes:
    """The client's bytes, but for the routed model's name: for wires that do not stream."""
    return (
        call.body if call.model == call.view.model else replace(call.body, "model", json.encode(call.model))
    )


def _ask_usage(body: bytes, view: StreamView) -> bytes:
    options = view.stream_options
    if options is msgspec.UNSET:
        return insert(body, "stream_options", _USAGE_ON)
    if not isinstance(options, StreamOptions):
        return replace(body, "stream_options", _USAGE_ON)
    for member in members(body):
        if member.key == "stream_options":
            asked = body[member.start : member.end]
            has_it = any(inner.key == "include_usage" for inner in members(asked))
            asked = (
                replace(asked, "include_usage", b"true")
                if has_it
                else insert(asked, "include_usage", b"true")
            )
            return body[: member.start] + asked + body[member.end :]
    return body


def canonical_without(body: bytes, excluded: AbstractSet[str]) -> bytes:
    """The top level of `body` without `excluded`, sorted; equal numbers look equal. What can't be read stays as it is."""
    try:
        parsed = _read_object(body)
        return json.canonical({key: _plain(value) for key, value in parsed.items() if key not in excluded})
    except (ValueError, RecursionError):
        return body


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def preview_of(raw: msgspec.Raw) -> str:
    """The first characters of a JSON string, or of the text parts in a JSON array; empty when there is no text."""
    head = memoryview(raw)[:_PREVIEW_BYTES].tobytes()
    try:
        if head.startswith(b'"'):
            text = _head_of_string(head) if len(raw) > _PREVIEW_BYTES else str(json.decode(raw))
        else:
            text = " ".join(part.text for part in _parts(raw) if part.text)
    except (ValueError, RecursionError):
        return ""
    return text[:PREVIEW_CHARS].replace("\0", "")  # PostgreSQL cannot hold a NUL in text


class _Part(msgspec.Struct, gc=False):
    text: str = ""


_parts = msgspec.json.Decoder(list[_Part]).decode


def _head_of_string(head: bytes) -> str:
    """A JSON string that was cut off anywhere: drop what the cut left incomplete."""
    for drop in range(_LONGEST_UNIT + 1):
        try:
            return str(json.decode(head[: len(head) - drop] + b'"'))
        except ValueError:
            continue
    return ""
