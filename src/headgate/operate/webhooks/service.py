"""Announcing events: a row in the outbox, in the transaction of what it tells of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.kernel import json
from headgate.kernel.clock import Clock, to_us
from headgate.kernel.ids import Ids
from headgate.operate.webhooks import events, queries
from headgate.store.bulk import Bulk


@dataclass(frozen=True, slots=True)
class Announcement:
    """An event with its data. `Announcement.now` fills in id and time."""

    id: str
    at_us: int
    name: str
    data: Mapping[str, Any]

    @classmethod
    def now(cls, ids: Ids, clock: Clock, name: str, data: Mapping[str, Any]) -> Announcement:
        return cls(ids.new("evt"), to_us(clock.now()), name, data)


class UnknownEvent(ValueError):
    """A name that no reference and no room knows: a mistake in our own code."""


async def announce(db: AsyncConnection, tenant: str, announcement: Announcement) -> None:
    """Put an event into the outbox in the caller's transaction: it is sent if, and only if, that is committed."""
    if not events.is_known(announcement.name):
        raise UnknownEvent(announcement.name)
    row = {
        "id": announcement.id, "tenant": tenant, "name": announcement.name, "at_us": announcement.at_us,
        "data": json.encode(announcement.data).decode(),
    }  # fmt: skip
    await queries.insert(db, row)


def announce_all(db: Bulk, announced: Sequence[tuple[str, Announcement]]) -> None:
    """The same for the drain: events by tenant, in its transaction."""
    rows = [
        (each.id, tenant, each.name, each.at_us, json.encode(each.data).decode())
        for tenant, each in announced
    ]
    queries.insert_all(db, rows)


async def forget_before(db: AsyncConnection, before_us: int, limit: int) -> int:
    """Forget up to `limit` events announced before `before_us`; how many there were."""
    return await queries.delete_before(db, before_us, limit)
