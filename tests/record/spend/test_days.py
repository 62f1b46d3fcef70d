"""Sums by payer and day: what the drain keeps and what is not drained yet count alike."""

from __future__ import annotations

from headgate.call.frames import Closed
from headgate.kernel.clock import to_us
from headgate.record.spend import days
from headgate.record.spend.caps import Payer, day_of
from headgate.testing.frames import closed
from headgate.testing.house import House

T = "ten_default"
ALL = Payer(T, "tenant", "")


def run(name: str, cost: int | None, **more: object) -> Closed:
    made = closed(name, cost_pico=cost, price_known=cost is not None)
    for field, value in more.items():
        setattr(made, field, value)
    return made


def test_each_payer_of_a_run_has_a_sum_and_the_tenant_none() -> None:
    sums = days.tally(
        [run("run_1", 5, user_id="alice", session="s", metadata={"tags": {"a": "b"}}, key_id="key_1")]
    )
    assert {(scope, name) for _, scope, name, _ in sums} == {
        ("project", "default"), ("user", "alice"), ("session", "s"), ("tag", "a=b"), ("key", "key_1"),
    }  # fmt: skip
    assert {cell[1] for cell in sums.values()} == {5}


def test_imported_runs_were_paid_for_elsewhere_and_unpriced_ones_are_counted() -> None:
    sums = days.tally([run("run_1", 5, route="ingest"), run("run_2", None)])
    (cell,) = [cell for (_, scope, *_), cell in sums.items() if scope == "project"]
    assert cell[:3] == [2, 0, 1]


async def test_drained_and_undrained_runs_are_summed_up_to_the_last_one(house: House) -> None:
    now_us = to_us(house.clock.now())
    for each in (run("run_1", 5, project="a", at_us=now_us), run("run_2", 7, project="b", at_us=now_us)):
        house.recorder.write(each)
    assert await house.recorder.caught_up(5)
    waiting = [run("run_3", 11, project="a", at_us=now_us), run("run_4", 1, tenant="ten_other", at_us=now_us)]
    async with house.services.database.reading() as db:
        by_project = await days.by_project(db, T, waiting, now_us=now_us)
        (day,) = await days.history(db, ALL, waiting, since_day=day_of(now_us))
        user = await days.summary(db, Payer(T, "user", "nobody"), waiting, now_us=now_us)
    assert {name: each["today"] for name, each in by_project["projects"].items()} == {
        "a": 16 / 10**12,
        "b": 7 / 10**12,
    }
    assert by_project["total"]["month"] == 23 / 10**12
    assert (day["date"], day["requests"]) == ("2026-01-01", 3)
    assert (user["today"], user["requests"]) == (0, 0)


async def test_yesterday_is_of_the_month_and_not_of_today(house: House) -> None:
    now_us = to_us(house.clock.now()) + 86_400_000_000
    waiting = [run("run_1", 5, at_us=now_us - 86_400_000_000), run("run_2", 7, at_us=now_us)]
    async with house.services.database.reading() as db:
        spent = await days.summary(db, ALL, waiting, now_us=now_us)
    assert (spent["today"], spent["month"]) == (7 / 10**12, 12 / 10**12)
