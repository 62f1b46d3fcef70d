"""The purse: held before, settled once, never above a cap, whatever happens to a call."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.call.call import Call
from headgate.record.spend.caps import Cap, CapExceeded, Payer, UnpricedModel, day_of
from headgate.record.spend.hot import EXCEEDED, Purse
from headgate.record.spend.pots import Balance
from headgate.testing.clock import FixedClock
from tests.record.spend.spending import TENANT, USD, Past, admit, end_of, make_call, make_purse

PROJECT = Payer(TENANT, "project", "default")


def cap(daily: int = 0, monthly: int = 0, **more: object) -> Cap:
    scope, name = more.get("scope", "project"), str(more.get("name", "default"))
    return Cap(TENANT, scope, name, daily, monthly, bool(more.get("soft")))  # type: ignore[arg-type]


async def test_without_a_cap_nothing_is_held_and_nothing_is_remembered(clock: FixedClock) -> None:
    purse = make_purse(clock)
    call = await admit(purse, make_call(clock))
    assert "caps" not in call.notes
    assert purse.reserve(call, 5) is None
    purse.settle(end_of(call, 5))
    assert purse.holds == 0
    assert purse.counters(PROJECT, call.received_us) is None


async def test_a_hold_counts_until_the_call_is_settled_at_its_cost(clock: FixedClock) -> None:
    purse = make_purse(clock, cap(daily=100))
    first = await admit(purse, make_call(clock, "run_1"))
    held = purse.reserve(first, 60)
    assert held is not None
    assert held.pico == first.notes["hold"] == 60
    second = await admit(purse, make_call(clock, "run_2"))
    with pytest.raises(CapExceeded) as refused:
        purse.reserve(second, 60)
    assert refused.value.headers["Retry-After"] == "1", "money is only held: try again soon"
    purse.settle(end_of(first, 40))
    assert purse.counters(PROJECT, first.received_us) == (40, 40, 0)
    assert purse.reserve(second, 60) is not None


async def test_a_full_cap_says_what_is_spent_and_when_it_begins_anew(clock: FixedClock) -> None:
    past = Past()
    call = make_call(clock)
    past.kept[PROJECT] = {day_of(call.received_us): 3 * USD}
    purse = make_purse(clock, cap(daily=3 * USD), past=past)
    await admit(purse, call)
    with pytest.raises(CapExceeded) as refused:
        purse.reserve(call, 1)
    error = refused.value
    assert (error.status, error.code, error.kind) == (429, "rate_limited", "cap_exceeded")
    assert error.detail["cap"] == error.detail["spent"] == 3.0
    assert error.detail["period"] == "daily"
    assert error.detail["resets_at"].endswith("T00:00:00.000000Z")
    assert set(error.headers) == {
        "Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-Should-Retry",
    }  # fmt: skip
    assert 1 <= int(error.headers["Retry-After"]) <= 86_400
    assert error.headers["X-RateLimit-Remaining"] == "0"


async def test_the_month_counts_days_before_today(clock: FixedClock) -> None:
    past = Past()
    call = make_call(clock)
    past.kept[PROJECT] = {day_of(call.received_us): 1}
    purse = make_purse(clock, cap(daily=10, monthly=10), past=past)
    await admit(purse, call)
    assert purse.reserve(call, 9) is not None


async def test_a_new_day_has_new_money_and_late_ends_count_for_the_day_they_began(clock: FixedClock) -> None:
    purse = make_purse(clock, cap(daily=10))
    late = await admit(purse, make_call(clock, "run_late"))
    assert purse.reserve(late, 10)
    clock.advance(86_400)
    today = await admit(purse, make_call(clock, "run_today"))
    assert purse.reserve(today, 10)
    purse.settle(end_of(late, 7))
    assert purse.counters(PROJECT, today.received_us) is not None
    assert purse.counters(PROJECT, today.received_us)[0] == 0  # type: ignore[index]
    assert purse.counters(PROJECT, late.received_us)[0] == 7  # type: ignore[index]


async def test_the_last_call_may_pass_the_cap_by_its_own_rounding_and_only_one(clock: FixedClock) -> None:
    purse = make_purse(clock, cap(daily=100))
    first = await admit(purse, make_call(clock, "run_1"))
    assert purse.reserve(first, 130, lambda: 90), "alone it fits by what it costs at least"
    second = await admit(purse, make_call(clock, "run_2"))
    with pytest.raises(CapExceeded):
        purse.reserve(second, 130, lambda: 1)
    purse.settle(end_of(first, 99))
    assert purse.reserve(second, 130, lambda: 1)


@pytest.mark.pain(3)
async def test_settling_twice_counts_once(clock: FixedClock) -> None:
    """Pain 3, budgets wrong: the run id is the key, so a second settlement changes nothing."""
    purse = make_purse(clock, cap(daily=100))
    call = await admit(purse, make_call(clock))
    purse.reserve(call, 10)
    purse.settle(end_of(call, 10))
    purse.settle(end_of(call, 10))
    assert purse.counters(PROJECT, call.received_us) == (10, 10, 0)


async def test_a_second_target_replaces_the_hold_of_the_first(clock: FixedClock) -> None:
    purse = make_purse(clock, cap(daily=100))
    call = await admit(purse, make_call(clock))
    purse.reserve(call, 40)
    purse.reserve(call, 90)
    assert purse.counters(PROJECT, call.received_us) == (0, 0, 90)
    with pytest.raises(CapExceeded):
        purse.reserve(call, 101)
    assert purse.counters(PROJECT, call.received_us) == (0, 0, 90), "what is held stays held"
    purse.refund(call.run_id)
    assert purse.counters(PROJECT, call.received_us) == (0, 0, 0)


@pytest.mark.pain(1)
async def test_an_unpriced_model_is_refused_under_a_hard_cap_only(clock: FixedClock) -> None:
    """Pain 1, unknown models at no cost: what can't be priced can't be spent under a cap."""
    purse = make_purse(clock, cap(daily=100))
    with pytest.raises(UnpricedModel) as refused:
        purse.reserve(await admit(purse, make_call(clock)), None)
    assert (refused.value.status, refused.value.code) == (400, "unpriced_model")
    soft = make_purse(clock, cap(daily=100, soft=True))
    assert soft.reserve(await admit(soft, make_call(clock)), None) is not None


async def test_a_soft_cap_warns_and_lets_through(clock: FixedClock) -> None:
    purse = make_purse(clock, cap(daily=10, soft=True))
    call = await admit(purse, make_call(clock))
    assert purse.reserve(call, 11)
    assert any("soft" in each for each in call.warnings)


async def test_an_observe_key_is_never_refused_but_counts(clock: FixedClock) -> None:
    purse = make_purse(clock, cap(daily=10))
    call = await admit(purse, make_call(clock, mode="observe"))
    assert purse.reserve(call, 11)
    assert call.explanation["would_block"]["by"] == "costcap"
    purse.settle(end_of(call, 11))
    assert purse.counters(PROJECT, call.received_us) == (11, 11, 0)
    assert purse.reserve(await admit(purse, make_call(clock, "run_2", mode="observe")), None) is not None


async def test_a_free_call_goes_through_an_exhausted_cap(clock: FixedClock) -> None:
    purse = make_purse(clock, cap(daily=10))
    call = await admit(purse, make_call(clock))
    purse.reserve(call, 10)
    purse.settle(end_of(call, 12))
    assert purse.reserve(await admit(purse, make_call(clock, "run_2")), 0) is not None


@pytest.mark.parametrize(
    ("scope", "name", "given"),
    [("tenant", "", {}), ("project", "p", {"project": "p"}), ("user", "alice", {"user": "alice"}),
     ("key", "key_9", {"key": "key_9"}),
     ("session", "s", {"session": "s"}), ("tag", "team=a", {"tags": {"team": "a"}}), ("tag", "team=*", {"tags": {"team": "a"}}),
     ("session", "*", {"session": "any"}), ("project", "default", {"project": "without-own"})],
)  # fmt: skip
async def test_every_kind_of_cap_refuses_those_whose_money_it_is(
    clock: FixedClock, scope: str, name: str, given: dict[str, Any]
) -> None:
    purse = make_purse(clock, cap(daily=10, scope=scope, name=name))
    call = await admit(purse, make_call(clock, **given))
    with pytest.raises(CapExceeded) as refused:
        purse.reserve(call, 11)
    assert refused.value.detail["scope"] == scope


@pytest.mark.pain(3)
async def test_leaked_holds_expire(clock: FixedClock) -> None:
    """Pain 3, budgets stuck: money held for a call that never ended comes back."""
    purse = make_purse(clock, cap(daily=10))
    purse.reserve(await admit(purse, make_call(clock)), 10)
    assert purse.sweep() == 0
    clock.advance(3000)
    assert purse.sweep() == 1
    assert (purse.holds, purse.leaked) == (0, 1)
    assert purse.reserve(await admit(purse, make_call(clock, "run_2")), 10)


async def test_thresholds_are_told_once_each_and_a_refusal_too(clock: FixedClock) -> None:
    purse = make_purse(clock, cap(daily=100))
    for number, cost in enumerate((45, 10, 30, 20)):
        call = await admit(purse, make_call(clock, f"run_{number}"))
        purse.reserve(call, 0)
        purse.settle(end_of(call, cost))
    assert [alert.level for alert in purse.alerts] == [50, 80, 100]
    with pytest.raises(CapExceeded):
        purse.reserve(await admit(purse, make_call(clock, "run_x")), 1)
    assert purse.alerts[-1].level == EXCEEDED


async def test_runs_that_end_while_a_pot_is_loaded_count_exactly_once(clock: FixedClock) -> None:
    """Whether or not the record's snapshot has them already."""
    day = day_of(make_call(clock).received_us)
    ended = [make_call(clock, f"run_{number}") for number in range(3)]

    async def load(
        payers: Sequence[Payer], seen: Callable[[], set[str]]
    ) -> tuple[Mapping[Payer, Balance], frozenset[str]]:
        for call in ended:
            purse.settle(end_of(call, 5))
        await asyncio.sleep(0)
        assert seen() == {"run_0", "run_1", "run_2"}
        # the snapshot: 100 from before, run_0 drained, run_1 written and not drained, run_2 later than both
        balance = Balance({day: 105}, {"run_1": (day, 5), "run_before": (day, 7)})
        return dict.fromkeys(payers, balance), frozenset({"run_0"})

    purse = Purse(clock, load)
    purse.set_caps(TENANT, [cap(daily=1000)])
    call = await admit(purse, make_call(clock, "run_asks"))
    assert purse.counters(PROJECT, call.received_us) == (122, 122, 0)


async def test_corrected_prices_make_the_purse_look_again_and_keep_what_is_held(clock: FixedClock) -> None:
    past = Past()
    purse = make_purse(clock, cap(daily=100), past=past)
    call = await admit(purse, make_call(clock))
    purse.reserve(call, 30)
    past.kept[PROJECT] = {day_of(call.received_us): 50}
    purse.forget(TENANT)
    await admit(purse, make_call(clock, "run_2"))
    assert purse.counters(PROJECT, call.received_us) == (50, 50, 30)


def drive(purse: Purse, calls: list[Call], costs: list[tuple[int, int]], order: list[int]) -> int:
    """Reserve and settle in the given interleaving; the most that was ever spent and held at once."""
    begun: set[int] = set()
    done: set[int] = set()
    highest = 0
    for turn in order:
        index = turn % len(calls)
        call, (estimate, actual) = calls[index], costs[index]
        if index not in begun:
            try:
                purse.reserve(call, estimate)
            except CapExceeded:
                continue
            begun.add(index)
        elif index not in done:
            purse.settle(end_of(call, min(actual, estimate)))
            done.add(index)
        spent, _, held = purse.counters(PROJECT, call.received_us) or (0, 0, 0)
        highest = max(highest, spent + held)
    for index in begun - done:
        purse.settle(end_of(calls[index], min(costs[index][1], costs[index][0])))
    return highest


@pytest.mark.pain(3)
@settings(max_examples=200, deadline=None)
@given(
    limit=st.integers(1, 500),
    costs=st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), min_size=1, max_size=30),
    order=st.lists(st.integers(0, 10_000), max_size=200),
)
def test_no_interleaving_of_calls_passes_a_cap(
    limit: int, costs: list[tuple[int, int]], order: list[int]
) -> None:
    """Pain 3, budgets overshot: whatever ends and begins in whatever order, spent and held never pass the cap,
    and in the end the counter is the sum of what the calls cost."""
    clock = FixedClock()
    purse = make_purse(clock, cap(daily=limit))
    calls = [make_call(clock, f"run_{number}") for number in range(len(costs))]

    async def ready() -> None:
        for call in calls:
            await admit(purse, call)

    asyncio.run(ready())
    assert drive(purse, calls, costs, order) <= limit
    spent, _, held = purse.counters(PROJECT, calls[0].received_us) or (0, 0, 0)
    assert held == 0
    assert purse.holds == 0
    assert spent <= limit


@pytest.mark.pain(3)
async def test_fifty_calls_fit_a_cap_worth_fifty_whatever_the_estimates(clock: FixedClock) -> None:
    """Pain 3: of 200 calls at once never more than the cap is spent; once the others ask again exactly 50 are answered."""
    purse = make_purse(clock, cap(daily=50 * 10))
    waiting = [make_call(clock, f"run_{number}") for number in range(200)]
    for call in waiting:
        await admit(purse, call)
    answered = 0
    for _ in itertools.count():
        flying: list[Call] = []
        for call in list(waiting):
            try:
                purse.reserve(call, 13, lambda: 8)
            except CapExceeded:
                continue
            flying.append(call)
            waiting.remove(call)
        if not flying:
            break
        for call in flying:
            purse.settle(end_of(call, 10))
            answered += 1
        assert purse.counters(PROJECT, flying[0].received_us)[0] <= 500  # type: ignore[index]
    assert answered == 50
