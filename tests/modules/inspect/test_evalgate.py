"""Small checks of answers: what fails is asked for again within a budget, and told."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from headgate.call.module import AskAgain
from headgate.modules.inspect.evalgate import EvalGate
from tests.modules.through import Through
from tests.wire import samples
from tests.wire.samples import CHAT, answer

CHECKS: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "json_parse"}, '```json\n{"a":1}\n```', "prose"),
    ({"name": "not_empty"}, "x", " \n"),
    ({"name": "min_length", "value": 3}, "abc", "ab"),
    ({"name": "max_length", "params": 3}, "abc", "abcd"),
    ({"name": "regex", "value": r"^\d+$"}, "12", "a12"),
    ({"name": "contains", "value": "Yes"}, "yes!", "no"),
    ({"name": "not_contains", "value": "sorry"}, "here", "Sorry, no"),
]


def gate(wire: str, *checks: dict[str, Any], **more: Any) -> Through:
    return Through(wire, {EvalGate: {"validators": checks, **more}})


@pytest.mark.parametrize(("check", "good", "bad"), CHECKS)
def test_each_check(check: dict[str, Any], good: str, bad: str) -> None:
    through = gate(CHAT, check)
    assert through.answer(through.ask(), answer(CHAT, good)).status == 200
    call = through.ask()
    with pytest.raises(AskAgain, match=check["name"]):
        through.answer(call, answer(CHAT, bad))
    call.notes["asks"] = 2
    assert through.answer(call, answer(CHAT, bad)).status == 200
    assert call.explanation["evalgate"] == {"failed": [check["name"]], "asks": 0}


@pytest.mark.parametrize("wire", samples.TALKING)
def test_every_wire_plain_and_streamed(wire: str) -> None:
    through = gate(wire, {"name": "contains", "value": "yes", "action": "warn"})
    call = through.ask(stream=True)
    through.answer(call, answer(wire, "no"))
    assert call.warnings == ["evalgate: the answer failed contains yes"]
    call = through.ask(stream=True)
    assert through.stream(call, ["n", "o"]) == "no"
    assert call.warnings == ["evalgate: the answer failed contains yes"]
    call = through.ask(stream=True)
    assert through.stream(call, ["y", "es"]) == "yes" and not call.warnings


@pytest.mark.parametrize(
    "check",
    [
        {"name": "min_length"},
        {"name": "regex", "value": "("},
        {"name": "contains"},
        {"name": "other"},
        {"name": "max_length", "value": -1},
    ],
)
def test_checks_that_cannot_be_used_are_refused(check: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        gate(CHAT, check)
