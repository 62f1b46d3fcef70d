"""Whom a call can go to: the header first, then what modules named, then the table."""

from __future__ import annotations

import pytest

from headgate.gateway.dispatch_targets import targets_of
from headgate.kernel.errors import BadRequest
from headgate.providers.table import Provider, ProviderTable
from headgate.providers.upstream import Origin
from headgate.testing.clock import FixedClock
from tests.record.cache.calls import QUESTION, make_call

ROWS = {name: Provider(name, Origin("https", f"{name}.example", 443)) for name in ("openai", "groq", "mine")}
TABLE = ProviderTable(ROWS["openai"], ROWS)


def found(clock: FixedClock, named: object = None, hint: bytes = b"") -> list[tuple[str, str, int]]:
    call = make_call({**QUESTION, "model": "gpt-4o"}, clock=clock)
    if named is not None:
        call.notes["targets"] = named
    if hint:
        call.headers = {b"x-provider": hint}
    return [(each.provider.name, each.upstream_model, each.weight) for each in targets_of(call, TABLE)]


def test_the_table_decides_when_nobody_else_does(clock: FixedClock) -> None:
    assert found(clock) == [("openai", "gpt-4o", 1)]


def test_modules_name_a_model_for_each_provider(clock: FixedClock) -> None:
    assert found(clock, (("groq", "llama-3", 2), ("mine", ""))) == [
        ("groq", "llama-3", 2),
        ("mine", "gpt-4o", 1),
    ]


def test_the_header_forces_one(clock: FixedClock) -> None:
    assert found(clock, (("groq", "llama-3"),), hint=b"mine") == [("mine", "gpt-4o", 1)]


def test_a_target_named_twice_is_tried_once(clock: FixedClock) -> None:
    assert found(clock, (("groq", "a"), ("mine", "b"), ("groq", "a", 1))) == [
        ("groq", "a", 1),
        ("mine", "b", 1),
    ]


def test_who_is_not_configured_is_left_out_with_a_word(clock: FixedClock) -> None:
    call = make_call(QUESTION, clock=clock)
    call.notes["targets"] = (("nowhere", "x"), ("groq", "y"))

    assert [each.provider.name for each in targets_of(call, TABLE)] == ["groq"]
    assert "nowhere" in call.warnings[0]


def test_when_nobody_is_left_the_refusal_names_who_is_configured(clock: FixedClock) -> None:
    with pytest.raises(BadRequest) as refused:
        found(clock, (("nowhere", "x"),))

    assert refused.value.detail["configured"] == ["groq", "mine", "openai"]
