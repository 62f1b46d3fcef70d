"""An export beside the runs of its provider, drained or not; runs counted anew in pages."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from headgate.call.caller import open_caller
from headgate.call.frames import Closed, Usage
from headgate.kernel.clock import SystemClock, to_us
from headgate.kernel.ids import Ids
from headgate.providers.prices import PriceBook
from headgate.record.bills import service
from headgate.record.bills.exports import read_export
from headgate.record.bills.service import Repricing
from headgate.record.spend import service as spend
from headgate.record.spend.tables import spend_days, spend_hours
from headgate.testing.frames import closed
from headgate.testing.house import House

T = "ten_default"
IDS = Ids(SystemClock())
START = 1_767_225_600


def run_of(model: str, prompt: int, completion: int, cost: int | None, **more: Any) -> Closed:
    usage = Usage(prompt, completion, cached_tokens=prompt // 2, known=True)
    return closed(
        IDS.new("run"), served_model=model, model=model, provider="openai", usage=usage, cost_pico=cost,
        price_known=cost is not None, route="live", **more,
    )  # fmt: skip


def export_of(**rows: tuple[int, int, int]) -> str:
    results = [
        {"model": model, "num_model_requests": count, "input_tokens": given, "output_tokens": made}
        for model, (count, given, made) in rows.items()
    ]
    return json.dumps({"data": [{"start_time": START, "results": results}]})


async def test_an_export_is_held_against_drained_and_undrained_runs(house: House) -> None:
    for run in (run_of("gpt-a-2024-08-06", 10, 5, 7), run_of("gpt-b", 1, 1, 1), run_of("gpt-b", 1, 1, 1)):
        house.recorder.write(run)
    house.recorder.write(closed(IDS.new("run"), provider="groq", served_model="gpt-a"))
    assert await house.recorder.caught_up(5)
    waiting = [run_of("gpt-a", 10, 5, 7)]
    export = read_export(export_of(**{"gpt-a-2024-08-06": (2, 20, 10), "gpt-b": (3, 3, 3)}), None)
    async with house.services.database.reading() as db:
        report = await service.reconcile(db, T, export, waiting, tolerance_pct=Decimal(0))
    assert [(row["model"], row["result"]) for row in report["rows"]] == [
        ("gpt-a", "matches"),
        ("gpt-b", "differs"),
    ]
    assert report["rows"][0]["here"]["cost"] == 14 / 10**12
    assert report["rows"][1]["difference"] == {"requests": -1, "input_tokens": -1, "output_tokens": -1}


async def test_runs_of_other_days_are_not_in_it(house: House) -> None:
    house.recorder.write(run_of("gpt-a", 10, 5, 7, at_us=(START - 1) * 10**6))
    house.recorder.write(run_of("gpt-a", 10, 5, 7, at_us=(START + 86_400) * 10**6))
    assert await house.recorder.caught_up(5)
    async with house.services.database.reading() as db:
        report = await service.reconcile(
            db, T, read_export(export_of(**{"gpt-a": (1, 10, 5)}), None), [], tolerance_pct=Decimal(0)
        )
    assert [row["result"] for row in report["rows"]] == ["only_provider"]


async def reprice(house: House, prices: PriceBook, *, write: bool = True) -> Repricing:
    state = Repricing.of(0, to_us(house.clock.now()) + 10**9)
    while not state.done:
        opened = house.services.database.writing() if write else house.services.database.reading()
        async with opened as db:
            await service.reprice_page(db, T, prices, state, (lambda: 1) if write else None)
    return state


async def sums(house: House) -> tuple[int, int, int, int]:
    async with house.services.database.reading() as db:
        hours = (
            await db.execute(
                sa.select(sa.func.sum(spend_hours.c.cost_pico), sa.func.sum(spend_hours.c.unpriced))
            )
        ).one()
        project = spend_days.c.scope == "project"
        days = (
            await db.execute(
                sa.select(sa.func.sum(spend_days.c.cost_pico), sa.func.sum(spend_days.c.unpriced)).where(
                    project
                )
            )
        ).one()
        return int(hours[0]), int(hours[1]), int(days[0]), int(days[1])


async def test_counting_anew_changes_every_sum_by_the_same_and_only_once(house: House) -> None:
    house.recorder.write(
        run_of("m", 10, 5, None, user_id="alice", session="s", metadata={"tags": {"team": "red"}})
    )
    house.recorder.write(run_of("m", 10, 5, 1))
    house.recorder.write(run_of("unknown", 10, 5, None))
    assert await house.recorder.caught_up(5)
    assert await sums(house) == (1, 2, 1, 2)
    prices = PriceBook({"m": {"input": 1, "output": 2, "cached_input": 1}}, house.clock)
    cost = 10 * 10**6 + 5 * 2 * 10**6
    dry = await reprice(house, prices, write=False)
    assert (dry.looked_at, dry.changed, dry.after_pico, dry.still_unpriced) == (3, 2, 2 * cost, 1)
    assert await sums(house) == (1, 2, 1, 2)
    await reprice(house, prices)
    assert await sums(house) == (2 * cost, 1, 2 * cost, 1)
    async with house.services.database.reading() as db:
        for scope, name in (("user", "alice"), ("session", "s"), ("tag", "team=red")):
            found = sa.select(spend_days.c.cost_pico).where(
                spend_days.c.scope == scope, spend_days.c.name == name
            )
            assert (await db.execute(found)).scalar_one() == cost
    assert (await reprice(house, prices)).changed == 0


async def test_each_run_is_counted_by_the_price_of_its_own_time(house: House) -> None:
    house.recorder.write(run_of("m", 10, 0, None))
    assert await house.recorder.caught_up(5)
    prices = PriceBook({}, house.clock)
    async with house.services.database.writing() as db:
        for effective, price in ((0, 5), (START + 10**6, 99)):
            draft = spend.PriceDraft(
                "", "m", {"input": price, "output": 1, "cached_input": price}, effective * 10**6
            )
            await spend.set_price(db, open_caller(), draft, house.services.ids, house.clock)
    async with house.services.database.reading() as db:
        prices.set_own(await spend.own_prices(db))
    assert (await reprice(house, prices)).after_pico == 10 * 5 * 10**6
