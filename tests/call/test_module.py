"""The contract of a module: its stance when it breaks, and a config that refuses what it does not know."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from headgate.call.module import ModuleConfig, Phase, Spec, Stance, StreamFilter


@pytest.mark.parametrize(
    ("phase", "stance"),
    [
        (Phase.ADMIT, Stance.BLOCK),
        (Phase.SHAPE, Stance.SKIP),
        (Phase.GUARD, Stance.BLOCK),
        (Phase.ANSWER, Stance.SKIP),
        (Phase.INSPECT, Stance.BLOCK),
    ],
)
def test_safety_fails_closed_and_savings_fail_open(phase: Phase, stance: Stance) -> None:
    assert Spec("x", "y", phase, "z").on_break is stance


def test_a_module_may_say_otherwise() -> None:
    assert Spec("x", "y", Phase.GUARD, "z", stance=Stance.SKIP).on_break is Stance.SKIP


def test_phases_are_in_the_order_of_a_calls_life() -> None:
    assert sorted(Phase) == [Phase.ADMIT, Phase.SHAPE, Phase.GUARD, Phase.ANSWER, Phase.INSPECT]


def test_a_config_refuses_fields_that_it_does_not_know_and_changes() -> None:
    with pytest.raises(ValidationError, match="wrong_word"):
        ModuleConfig.model_validate({"wrong_word": 1})
    with pytest.raises(ValidationError, match="frozen"):
        ModuleConfig().enabled = False


def test_a_filter_that_overrides_nothing_changes_nothing() -> None:
    nothing = StreamFilter()
    assert nothing.feed([b"data: 1\n\n", b"data: 2\n\n"]) == [b"data: 1\n\n", b"data: 2\n\n"]
    assert nothing.finish() == []
