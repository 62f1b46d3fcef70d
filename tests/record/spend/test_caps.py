"""Which caps a call stands under, and when periods begin anew."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from headgate.record.spend.caps import (
    Cap,
    CapBook,
    Payer,
    Payers,
    Room,
    Standing,
    cap_exceeded,
    first_day,
    month_of,
    resets_at_s,
)

T = "ten_a"
PAYERS = Payers(T, "web", "alice", "key_1", "s-1", {"team": "red"})


def held_to(*caps: Cap) -> list[tuple[str, str]]:
    return [(each.payer.scope, each.payer.name) for each in CapBook.of(caps).over(PAYERS)]


def test_everybody_whose_money_it_is_is_a_payer() -> None:
    assert [(each.scope, each.name) for each in PAYERS.all()] == [
        ("tenant", ""), ("project", "web"), ("user", "alice"), ("key", "key_1"), ("session", "s-1"), ("tag", "team=red"),
    ]  # fmt: skip
    assert [each.scope for each in Payers(T, "").all()] == ["tenant", "project"]


@pytest.mark.parametrize(
    "cap",
    [
        Cap(T, "user", "*", 1),
        Cap(T, "project", "default", 1),
        Cap(T, "tag", "team=*", 1),
        Cap(T, "tag", "*", 1),
    ],
    ids=lambda cap: f"{cap.scope}:{cap.name}",
)
def test_the_cap_of_everybody_holds_for_each_by_himself(cap: Cap) -> None:
    (standing,) = CapBook.of([cap]).over(PAYERS)
    assert standing.payer.name in ("alice", "web", "team=red")


def test_an_own_cap_takes_the_place_of_the_one_of_everybody_also_when_it_has_no_limit() -> None:
    assert held_to(Cap(T, "user", "*", 1), Cap(T, "user", "alice", 5)) == [("user", "alice")]
    assert held_to(Cap(T, "user", "*", 1), Cap(T, "user", "alice")) == []


def test_caps_without_any_limit_are_no_book() -> None:
    assert not CapBook.of([Cap(T, "user", "*")]).caps


@pytest.mark.parametrize(
    ("day", "daily", "monthly"),
    [("2026-01-31", "2026-02-01", "2026-02-01"), ("2024-02-28", "2024-02-29", "2024-03-01"),
     ("2026-12-31", "2027-01-01", "2027-01-01")],
)  # fmt: skip
def test_periods_end_at_midnight_utc(day: str, daily: str, monthly: str) -> None:
    number = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) // 86_400
    for period, expected in (("daily", daily), ("monthly", monthly)):
        ends = datetime.fromtimestamp(resets_at_s(period, number), UTC)  # type: ignore[arg-type]
        assert ends.isoformat() == f"{expected}T00:00:00+00:00"
    assert month_of(first_day(month_of(number))) == month_of(number)


def test_a_refusal_for_held_money_asks_to_come_again_soon() -> None:
    standing = Standing(Payer(T, "user", "alice"), Cap(T, "user", "alice", 10))
    held = cap_exceeded(standing, Room("daily", 10, 4, 6, 20_000), 20_000 * 86_400 + 1)
    assert (held.headers["Retry-After"], "X-Should-Retry" in held.headers) == ("1", False)
    full = cap_exceeded(standing, Room("daily", 10, 10, 0, 20_000), 20_000 * 86_400 + 1)
    assert (full.headers["Retry-After"], full.headers["X-Should-Retry"]) == ("86399", "false")
