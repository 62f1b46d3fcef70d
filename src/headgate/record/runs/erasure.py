"""Erasing a subject: its keys are destroyed, so that copies of its payloads anywhere can't be read any more."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.ledger import service as ledger
from headgate.kernel.clock import Clock, to_us
from headgate.kernel.ids import Ids
from headgate.record.runs.queries import erasing

ERASED = "subject.erased"
WHY = "subject erased"


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased."""

    keys: int
    groups: int
    runs: int


@dataclass(frozen=True, slots=True)
class Eraser:
    """Erases in the caller's transaction. Wait for the recorder's `caught_up` first: what is still in the spool
    would otherwise be kept under a new key."""

    ids: Ids
    clock: Clock

    async def erase(self, db: AsyncConnection, tenant: str, subject: str, *, actor: str) -> Erasure:
        """Everything stored of `subject`. The ledger keeps that it was done, and the hashes of the chain stay."""
        now_us = to_us(self.clock.now())
        keys = await erasing.destroy_keys(db, tenant, subject, now_us=now_us)
        groups = await erasing.bury_payloads(db, tenant, subject, now_us=now_us, why=WHY)
        runs = await erasing.blank_previews(db, tenant, subject)
        detail = {"keys": keys, "groups": groups, "runs": runs}
        act = ledger.Act.now(self.ids, self.clock, kind=ERASED, actor=actor, target="payloads", detail=detail)
        await ledger.append(db, tenant, act)
        return Erasure(keys, groups, runs)
