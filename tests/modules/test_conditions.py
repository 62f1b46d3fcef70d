"""What a condition may read of a call, and how values are compared."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from headgate.modules.conditions import KNOWN, READS, Operator, Values, comparison
from headgate.testing.clock import FixedClock
from tests.record.cache.calls import make_call

NOON = datetime(2026, 11, 24, 12, 30, tzinfo=UTC).timestamp()
CHAT: dict[str, Any] = {
    "model": "openai:gpt-4o",
    "messages": [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "said before"},
    ],
}


def values(**headers: str) -> Values:
    raw = {name.replace("_", "-").encode(): text.encode() for name, text in headers.items()}
    call = make_call(CHAT, clock=FixedClock())
    call.headers = raw
    return Values(call, NOON)


def test_no_secret_of_the_caller_can_be_read() -> None:
    seen = KNOWN["headers"](values(authorization="Bearer s", x_api_key="s", x_goog_api_key="s", x_team="red"))
    assert seen == {"x-team": "red"}


def test_the_prompt_is_what_was_asked_and_not_what_a_model_said() -> None:
    assert KNOWN["prompt"](values()) == "be brief\nhello"
    assert READS["prompt_length"](values()) == len("be brief\nhello")


def test_the_hour_is_in_utc_and_the_provider_is_the_one_named() -> None:
    assert READS["time_of_day"](values()) == 12
    assert READS["provider"](values()) == "openai"


@pytest.mark.parametrize(
    ("operator", "value", "yes", "no"),
    [
        ("eq", "gpt", "gpt", "GPT"),
        ("ne", "gpt", "other", "gpt"),
        ("contains", "Gpt", "my-GPT-4", "claude"),
        ("matches", "^g.t$", "gpt", "gppt"),
    ],
)
def test_texts_are_compared_by(operator: Operator, value: str, yes: str, no: str) -> None:
    judge = comparison(operator, value)
    assert judge(yes)
    assert not judge(no)


@pytest.mark.parametrize(
    ("operator", "yes", "no"),
    [("gt", 6, 5), ("gte", 5, 4), ("lt", 4, 5), ("lte", 5, 6), ("eq", 5, 6), ("ne", 6, 5)],
)
def test_numbers_are_compared_by(operator: Operator, yes: int, no: int) -> None:
    judge = comparison(operator, "5", number=True)
    assert judge(yes)
    assert not judge(no)
