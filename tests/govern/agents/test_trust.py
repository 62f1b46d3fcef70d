"""Trust: each part moves the score as its formula says, and tiers are spans of it."""

from __future__ import annotations

import pytest

from headgate.govern.agents.trust import DAY_US, Past, score, tier_of


def milli(past: Past, days: int = 0) -> int:
    return score(past, first_us=0, now_us=days * DAY_US).milli


def test_a_new_agent_has_only_what_nobody_took_from_it() -> None:
    assert milli(Past()) == 475  # 0.25 anomaly, 0.15 delegation, 0.075 vouchers


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (Past(runs=100), Past(runs=10)),
        (Past(runs=100), Past(runs=100, blocked=10)),
        (Past(runs=100), Past(runs=100, anomalies=1)),
        (Past(approved=1), Past(approved=1, rejected=1)),
        (Past(runs=100, anomalies=10), Past(runs=100, blocked=1, anomalies=10)),
    ],
)
def test_what_was_done_counts(better: Past, worse: Past) -> None:
    assert milli(better) > milli(worse)


def test_time_counts_up_to_a_bound() -> None:
    past = Past(runs=1000)

    assert milli(past, 45) - milli(past) == 75
    assert milli(past, 90) == milli(past, 900)


def test_the_score_stays_between_0_and_1() -> None:
    assert milli(Past(runs=10**9, approved=10**6), 10_000) == 1000
    assert milli(Past(runs=10, blocked=10, anomalies=99, rejected=99)) == 150


@pytest.mark.parametrize(
    ("name", "points", "own", "tier"),
    [
        ("a", 800, "", "privileged"), ("a", 799, "", "trusted"), ("a", 499, "", "verified"), ("a", 249, "", "unverified"),
        ("anonymous", 900, "", "unverified"), ("a", 100, "trusted", "trusted"), ("anonymous", 0, "verified", "verified"),
    ],
)  # fmt: skip
def test_tiers(name: str, points: int, own: str, tier: str) -> None:
    assert tier_of(name, points, own) == tier
