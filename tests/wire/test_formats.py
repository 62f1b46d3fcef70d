"""The schema that a request asks for is found on every wire that has one, and fences around JSON come off."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.wire.formats import asked_schema, unfenced
from tests.wire.samples import CHAT, COMPLETIONS, GOOGLE, MESSAGES, RESPONSES, call_on, request

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"a": {"type": ["integer", "null"]}}}
GOOGLES = {"type": "OBJECT", "properties": {"a": {"type": "INTEGER", "nullable": True}}}


@pytest.mark.parametrize(
    ("wire", "more"),
    [
        (CHAT, {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}}),
        (RESPONSES, {"text": {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA}}}),
        (MESSAGES, {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}),
        (GOOGLE, {"generationConfig": {"responseJsonSchema": SCHEMA}}),
        (GOOGLE, {"generationConfig": {"responseSchema": GOOGLES}}),
    ],
)
def test_the_schema_of_a_request(wire: str, more: dict[str, Any]) -> None:
    assert asked_schema(call_on(wire, request(wire, "hi") | more)) == SCHEMA
    assert asked_schema(call_on(wire, request(wire, "hi"))) is None


def test_a_wire_without_formats_asks_for_none() -> None:
    assert asked_schema(call_on(COMPLETIONS, request(COMPLETIONS, "hi"))) is None


@pytest.mark.parametrize(
    "text", ['```json\n{"a":1}\n```', '```\n{"a":1}```', ' \n```json\r\n{"a":1}\r\n```\n', '{"a":1}']
)
def test_fences_come_off(text: str) -> None:
    assert unfenced(text).strip() == '{"a":1}'
