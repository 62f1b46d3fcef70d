"""A pot counts each run once, whichever way it learns of it."""

from __future__ import annotations

from headgate.record.spend.pots import Balance, Pot


def loaded(**kept: int) -> Pot:
    pot = Pot()
    pot.load(Balance({int(day[1:]): pico for day, pico in kept.items()}, {}), frozenset())
    return pot


def test_what_is_spent_counts_for_its_day_and_its_month() -> None:
    pot = loaded(d20454=5)  # 2026-01-01
    pot.spend("run_1", 20455, 7)
    assert (pot.day(20454).spent, pot.day(20455).spent, pot.month(672).spent) == (5, 7, 12)


def test_before_it_is_loaded_runs_are_remembered_and_then_counted_unless_the_record_has_them() -> None:
    pot = Pot()
    pot.spend("run_1", 20454, 5)
    pot.spend("run_2", 20454, 7)
    assert sorted(pot.seen) == ["run_1", "run_2"]
    assert not pot.loaded
    pot.load(Balance({20454: 105}, {"run_2": (20454, 7), "run_0": (20454, 1)}), frozenset({"run_1"}))
    assert pot.day(20454).spent == 105 + 7 + 1
    assert pot.loaded


def test_a_hold_is_let_go_of_where_it_was_taken() -> None:
    pot = loaded()
    pot.hold(20454, 10)
    assert (pot.day(20454).held, pot.month(672).held, pot.holds) == (10, 10, 1)
    pot.release(20454, 10)
    assert (pot.day(20454).held, pot.month(672).held, pot.holds) == (0, 0, 0)


def test_old_periods_are_forgotten_but_not_while_money_is_held_in_them() -> None:
    pot = loaded(d1=1)
    pot.hold(1, 3)
    for day in range(2, 10):
        pot.spend(f"run_{day}", day, 1)
    assert (pot.day(1).spent, pot.day(1).held) == (1, 3)
    pot.release(1, 3)
    pot.spend("run_x", 11, 1)
    assert pot.day(1).spent == 0, "forgotten"
