"""Removing bodies by age and by bytes, each portion with an act in the ledger of the tenant whose bodies they were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.service import Act
from headgate.kernel.clock import Clock, to_us
from headgate.kernel.ids import Ids
from headgate.record.runs.queries import retention as queries
from headgate.record.runs.queries.retention import Group

Why = Literal["age", "bytes"]
PORTION_GROUPS = 50
PORTION_BYTES = 8 * 1024 * 1024  # keeps a transaction short however large the groups are
REMOVED = "retention.removed"
ACTOR = "headgate"


@dataclass(frozen=True, slots=True)
class Removed:
    """What one portion took away. No groups: there was nothing to remove."""

    groups: int = 0
    runs: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Remover:
    """Removes portions; each call is one short transaction of the caller."""

    ids: Ids
    clock: Clock

    async def older_than(self, db: AsyncConnection, before_us: int) -> Removed:
        """The next portion of bodies recorded before `before_us`."""
        groups = await queries.oldest(db, before_us, PORTION_GROUPS)
        return await self._remove(db, _portion(groups, PORTION_BYTES), "age")

    async def beyond(self, db: AsyncConnection, max_bytes: int) -> Removed:
        """The next portion of the oldest bodies, until all stored ones together have at most `max_bytes`."""
        surplus = await queries.stored_bytes(db) - max_bytes
        if surplus <= 0:
            return Removed()
        groups = await queries.oldest(db, None, PORTION_GROUPS)
        return await self._remove(db, _portion(groups, min(surplus, PORTION_BYTES)), "bytes")

    async def previews(self, db: AsyncConnection, before_us: int, limit: int) -> int:
        """Blank the previews of the next runs recorded before `before_us`: they are bits of bodies. How many runs were passed."""
        return await queries.clear_previews(db, before_us, limit)

    async def _remove(self, db: AsyncConnection, groups: Sequence[Group], why: Why) -> Removed:
        if not groups:
            return Removed()
        now_us = to_us(self.clock.now())
        await queries.remove(db, [group.address for group in groups], why=why, now_us=now_us)
        for tenant in sorted({group.tenant for group in groups}):
            removed = _sum([group for group in groups if group.tenant == tenant])
            detail = {"why": why, "groups": removed.groups, "runs": removed.runs, "bytes": removed.bytes}
            act = Act.now(self.ids, self.clock, kind=REMOVED, actor=ACTOR, target="payloads", detail=detail)
            await ledger.append(db, tenant, act)
        return _sum(groups)


def _portion(groups: Sequence[Group], goal_bytes: int) -> list[Group]:
    """The first of `groups`, up to and with the one that reaches `goal_bytes`."""
    chosen: list[Group] = []
    total = 0
    for group in groups:
        if total >= goal_bytes:
            break
        chosen.append(group)
        total += group.stored_bytes
    return chosen


def _sum(groups: Sequence[Group]) -> Removed:
    return Removed(
        len(groups), sum(group.runs for group in groups), sum(group.stored_bytes for group in groups)
    )
