"""A wish to think, as a word or as tokens."""

from __future__ import annotations

import pytest

from headgate.wire.codec import Fates
from headgate.wire.efforts import budget_of, effort_of
from headgate.wire.neutral import ThinkingWish


@pytest.mark.parametrize(
    ("wish", "effort", "told"),
    [
        (None, None, False),
        (ThinkingWish("off"), "none", False),
        (ThinkingWish("on"), "medium", False),
        (ThinkingWish(), None, False),
        (ThinkingWish(effort="high"), "high", False),
        (ThinkingWish("on", 1000), "minimal", True),
        (ThinkingWish("on", 8192), "medium", True),
        (ThinkingWish("on", 100_000), "xhigh", True),
    ],
)
def test_budgets_become_the_nearest_word_and_that_is_told(
    wish: ThinkingWish | None, effort: str | None, told: bool
):
    fates = Fates()
    assert effort_of(wish, fates) == effort
    assert bool(fates.warnings) == told


@pytest.mark.parametrize(
    ("wish", "budget"),
    [(ThinkingWish("off"), 0), (ThinkingWish("on"), 8192), (ThinkingWish(), None), (ThinkingWish("on", 3000), 3000),
     (ThinkingWish(effort="low"), 2048), (ThinkingWish(effort="none"), 0)],
)  # fmt: skip
def test_words_become_tokens(wish: ThinkingWish, budget: int | None):
    assert budget_of(wish) == budget
