"""Conditions of rules: what each compares, in both spellings of the reference, and in CEL."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from headgate.modules.conditions import Values
from headgate.modules.rules import Rule, condition_of
from headgate.testing.clock import FixedClock
from tests.record.cache.calls import QUESTION, make_call

NOON = 1_767_268_800.0  # 2026-01-01 12:00 UTC


def holds(clock: FixedClock, rule: dict[str, Any], text: str = "hello world", **more: Any) -> bool:
    call = make_call(
        QUESTION | {"messages": [{"role": "user", "content": text}]} | more, clock=clock, subject="ada"
    )
    call.headers = {b"x-tier": b"gold", b"authorization": b"secret"}
    call.notes["tags"] = {"team": "core"}
    return condition_of(Rule.model_validate(rule if "action" in rule else {"model": "other"} | rule))(
        Values(call, NOON)
    )


@pytest.mark.parametrize(
    "rule",
    [
        {"condition": "always"},
        {"condition": "token_count", "operator": "gt", "value": 5},
        {"condition": "prompt_length", "operator": "eq", "value": 11},
        {"condition": "prompt_length", "operator": "lte", "value": "11"},
        {"condition": "pattern", "value": "w.rld"},
        {"condition": "contains", "value": "HELLO"},
        {"condition": "header", "value": "X-Tier"},
        {"condition": "header", "value": "x-tier=gold"},
        {"condition": "header", "operator": "matches", "value": "x-tier=^g"},
        {"condition": "model", "value": "gpt-4o"},
        {"condition": "model", "operator": "contains", "value": "gpt"},
        {"condition": "model", "operator": "ne", "value": "o1"},
        {"condition": "time_of_day", "operator": "gte", "value": 12},
        {"condition": "ab_split", "value": 100},
        {"condition": {"field": "prompt_length", "op": "lt", "value": 12}, "action": {"route_to_model": "x"}},
        {"when": 'model.startsWith("gpt") && tokens < 100 && tags.team == "core"'},
        {"when": 'prompt.matches("wor") && hour == 12'},
        {"when": 'subject == "ada" && !stream'},
        {"when": '["a", "gpt-4o"].exists(m, m == model)'},
    ],
)
def test_a_rule_fits(clock: FixedClock, rule: dict[str, Any]) -> None:
    assert holds(clock, rule)


@pytest.mark.parametrize(
    "rule",
    [
        {"condition": "token_count", "operator": "gt", "value": 5000},
        {"condition": "pattern", "value": "^world"},
        {"condition": "contains", "value": "nothing"},
        {"condition": "header", "value": "x-other"},
        {"condition": "header", "value": "x-tier=silver"},
        {"condition": "ab_split", "value": 0},
        {"condition": "model", "value": "gpt"},
        {"when": "tags.nonesuch == 'x'"},
        {"when": "tokens"},
        {"when": '"authorization" in headers'},
    ],
)
def test_a_rule_does_not_fit(clock: FixedClock, rule: dict[str, Any]) -> None:
    assert not holds(clock, rule)


@pytest.mark.parametrize(
    "rule",
    [
        {"when": "model ="},
        {"when": "secret == 1"},
        {"condition": "pattern", "value": "("},
        {"condition": "weather"},
        {"condition": "token_count", "operator": "gt", "value": "many"},
        {"model": ""},
    ],
)
def test_a_rule_that_cannot_work_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Rule.model_validate({"model": "other"} | rule)
