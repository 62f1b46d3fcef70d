"""Answers follow their schema, are asked for again when they do not, and are refused when none fits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from headgate.call.module import AskAgain
from headgate.kernel.errors import BadRequest
from headgate.modules.inspect.validation import AnswerInvalid, Validation
from tests.modules.through import Through
from tests.wire import samples
from tests.wire.samples import CHAT, answer, request

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
GOOD, BAD = '{"a": 1}', '{"a": "x"}'


def valid(wire: str, **fields: Any) -> Through:
    return Through(wire, {Validation: {"schemas": {"thing": SCHEMA}, **fields}})


def ask(through: Through, schema: str = "thing", **more: Any) -> Any:
    call = through.ask(**more)
    call.headers = {b"x-schema": schema.encode()}
    return call


@pytest.mark.parametrize("wire", samples.TALKING)
def test_an_answer_that_fits_passes_and_loses_its_fence(wire: str) -> None:
    through = valid(wire)
    reply = through.answer(ask(through), answer(wire, f"```json\n{GOOD}\n```"))
    assert json.loads(reply.body) == samples.reply(wire, GOOD)


@pytest.mark.parametrize("wire", samples.TALKING)
@pytest.mark.parametrize("text", [BAD, "no json", "[]"])
def test_an_answer_that_does_not_fit_is_asked_for_again_and_then_refused(wire: str, text: str) -> None:
    through = valid(wire)
    call = ask(through)
    with pytest.raises(AskAgain, match="JSON Schema"):
        through.answer(call, answer(wire, text))
    call.notes["asks"] = 2
    with pytest.raises(AnswerInvalid):
        through.answer(call, answer(wire, text))
    lenient = valid(wire, action="flag", max_retries=0)
    call = ask(lenient)
    assert lenient.answer(call, answer(wire, text)).status == 200
    assert call.explanation["validation"]["valid"] is False and call.warnings


@pytest.mark.parametrize("wire", samples.TALKING)
def test_a_stream_leaves_once_it_is_valid(wire: str) -> None:
    through = valid(wire)
    call = ask(through, stream=True)
    assert through.stream(call, ["```json\n", '{"a"', ": 1}", "\n```"]) == GOOD
    with pytest.raises(AnswerInvalid):
        through.events(ask(through, stream=True), ['{"a"', ': "x"}'])


def test_the_schema_of_the_request_itself_holds_too() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    through = valid(CHAT)
    call = through.ask(body=request(CHAT, "hi") | {"response_format": form})
    with pytest.raises(AskAgain):
        through.answer(call, answer(CHAT, BAD))
    off = valid(CHAT, from_request=False)
    assert (
        off.answer(off.ask(body=request(CHAT, "hi") | {"response_format": form}), answer(CHAT, BAD)).status
        == 200
    )


def test_without_a_schema_nothing_is_checked() -> None:
    through = valid(CHAT)
    call = through.ask(stream=True)
    assert through.answer(call, answer(CHAT, "prose")).status == 200
    assert through.events(call, ["prose"]) == samples.stream(CHAT, ["prose"])


def test_names_that_do_not_exist_and_schemas_that_cannot_be_used() -> None:
    through = valid(CHAT)
    with pytest.raises(BadRequest):
        through.answer(ask(through, "other"), answer(CHAT, GOOD))
    with pytest.raises(ValidationError):
        valid(CHAT, schemas={"x": {"type": "nonsense"}})


def test_an_observe_key_gets_the_answer_as_it_is() -> None:
    through = valid(CHAT)
    assert through.answer(ask(through, mode="observe"), answer(CHAT, BAD)).body == answer(CHAT, BAD).body
