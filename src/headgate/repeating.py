"""Repeats across a restart: the keys of answered calls are in the database, and their answers in the record."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from headgate.call.call import Call
from headgate.gateway.repeats import KEY_S, Kept, Repeats
from headgate.kernel.clock import Clock, to_us
from headgate.kernel.logging import get_log
from headgate.record.runs.hot import Recorder
from headgate.record.runs.queries.repeats import since
from headgate.record.runs.rows import read_repeat
from headgate.record.runs.service import Look, RunNotFound, found
from headgate.store.engine import Database

log = get_log("gateway")

MAX_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class RepeatMemory:
    """Fills the gateway's repeats when it starts, and reads an answer when somebody asks for it."""

    database: Database
    recorder: Recorder
    clock: Clock

    async def restore(self, repeats: Repeats) -> None:
        """What was answered before this process began. Without it repeats are asked again, so its failure stops nothing."""
        now_us = to_us(self.clock.now())
        try:
            async with self.database.reading() as db:
                rows = await since(db, now_us - to_us(KEY_S), MAX_KEPT)
        except (SQLAlchemyError, OSError) as error:
            log.warning("repeats.not_restored", error=repr(error))
            return
        kept: list[Kept] = []
        for row in rows:
            facts = read_repeat(bytes(row.facts))
            kept.append(Kept(bytes(row.key), bytes(row.body), row.run_id, (now_us - row.at_us) / 1e6, *facts))
        repeats.restore(kept, self.answer)

    async def answer(self, call: Call, run_id: str) -> bytes | None:
        """The answer of a run, byte for byte; None when it is not there any more."""
        try:
            async with self.database.reading() as db:
                run = await found(Look(db, call.caller, self.recorder, self.clock), run_id)
        except (RunNotFound, SQLAlchemyError, OSError):
            return None
        return run.bodies[1] if run.bodies is not None else None
