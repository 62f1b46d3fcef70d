"""What was spent before is read from one snapshot and the spool's undrained end; while the record is incomplete, not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from headgate.call.frames import Closed
from headgate.kernel.clock import to_us
from headgate.kernel.errors import Unavailable
from headgate.record.spend.caps import Payer, day_of
from headgate.record.spend.loading import Loader
from headgate.testing.frames import closed
from headgate.testing.house import House

T = "ten_default"
PAYERS = [Payer(T, "project", "default"), Payer(T, "tenant", ""), Payer(T, "user", "nobody")]


@dataclass
class Tail:
    runs: Sequence[Closed] = field(default_factory=list)
    partial: bool = False


@dataclass
class Record:
    kept: Tail = field(default_factory=Tail)
    replaying: bool = False

    async def tail(self, db: object, tenant: str) -> Tail:
        return self.kept


def loader(house: House, record: Record | None = None) -> Loader:
    return Loader(house.services.database, record or house.recorder, house.clock)


async def test_drained_and_undrained_runs_are_both_there(house: House) -> None:
    house.recorder.write(closed("run_1", cost_pico=5))
    house.recorder.write(replace_project(closed("run_2", cost_pico=7), "other"))
    assert await house.recorder.caught_up(5)
    tail = Tail(
        [
            closed("run_3", cost_pico=11),
            closed("run_4", cost_pico=None),
            closed("run_5", cost_pico=1, route="ingest"),
        ]
    )
    balances, known = await loader(house, Record(tail)).load(PAYERS, lambda: {"run_1", "run_9"})
    day = day_of(to_us(house.clock.now()))
    assert balances[PAYERS[0]].kept == {day: 5}
    assert balances[PAYERS[1]].kept == {day: 12}, "the tenant is all of its projects"
    assert balances[PAYERS[2]] == ({}, {})
    assert balances[PAYERS[0]].waiting == {"run_3": (day, 11)}
    assert known == {"run_1"}


def replace_project(run: Closed, project: str) -> Closed:
    run.project = project
    return run


@pytest.mark.parametrize("record", [Record(replaying=True), Record(Tail(partial=True))])
async def test_an_incomplete_record_is_no_answer(house: House, record: Record) -> None:
    with pytest.raises(Unavailable):
        await loader(house, replace(record)).load(PAYERS, set)
