"""Agents: listed, changed by operators, and scored again from what is on record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.agents import queries
from headgate.govern.agents.hot import AgentBook
from headgate.govern.agents.schemas import AgentChange
from headgate.govern.agents.trust import Past, score, tier_of
from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.service import Act, Author
from headgate.kernel import json
from headgate.kernel.clock import Clock, iso, to_us
from headgate.kernel.errors import NotFound
from headgate.kernel.ids import Ids
from headgate.store.engine import Database

PART = "agents"  # of the plane


class NoSuchAgent(NotFound):
    """No agent of this tenant has this id or name. One appears with its first call."""


def shown(row: Any) -> dict[str, Any]:
    return {
        "id": row.id, "name": row.name, "kind": "identity", "trustTier": tier_of(row.name, row.score_milli, row.own_tier),
        "trustScore": row.score_milli / 1000, "tierSetByOperator": bool(row.own_tier), "tags": json.decode(row.tags),
        "trust": json.decode(row.parts), "firstSeenAt": iso(row.first_us), "lastSeenAt": iso(row.last_us),
    }  # fmt: skip


async def find(db: AsyncConnection, tenant: str, which: str) -> Any:
    row = await queries.one(db, tenant, which)
    if row is None:
        raise NoSuchAgent(f"There is no agent {which!r}.", id=which)
    return row


async def change(db: AsyncConnection, author: Author, which: str, given: AgentChange) -> dict[str, Any]:
    """Set tags, or the tier; an empty tier goes back to the score. In the ledger with the reason."""
    row = await find(db, author.tenant, which)
    values: dict[str, Any] = {}
    if given.tags is not None:
        values["tags"] = json.encode(sorted(set(given.tags))).decode()
    if given.trustTier is not None:
        values["own_tier"] = given.trustTier
    if values:
        await queries.change(db, author.tenant, row.name, values)
    before, after = shown(row), shown(await find(db, author.tenant, row.name))
    names = ("tags", "trustTier", "tierSetByOperator")
    detail = {
        "before": {name: before[name] for name in names}, "after": {name: after[name] for name in names},
        "reason": given.reason,
    }  # fmt: skip
    await author.tell(db, "agent.changed", row.name, decision=after["trustTier"], detail=detail)
    return after


async def tenants(db: AsyncConnection) -> list[str]:
    """Whoever has agents."""
    return sorted({row.tenant for row in await queries.every(db)})


async def rescore(
    db: AsyncConnection, tenant: str, pasts: dict[str, Past], *, ids: Ids, clock: Clock
) -> list[str]:
    """Score the tenant's agents again. A change of tier is in the ledger, with every part; returns whose tier changed."""
    now_us = to_us(clock.now())
    changed: list[str] = []
    for row in await queries.every(db, tenant):
        new = score(pasts.get(row.name, Past()), first_us=row.first_us, now_us=now_us)
        if new.milli == row.score_milli:
            continue
        await queries.change(
            db, tenant, row.name, {"score_milli": new.milli, "parts": json.canonical(new.parts).decode()}
        )
        old_tier, new_tier = (
            tier_of(row.name, milli, row.own_tier) for milli in (row.score_milli, new.milli)
        )
        if old_tier == new_tier:
            continue
        changed.append(row.name)
        detail = {
            "before": {"tier": old_tier, "score": row.score_milli / 1000}, "parts": new.parts,
            "after": {"tier": new_tier, "score": new.milli / 1000},
        }  # fmt: skip
        act = Act.now(
            ids,
            clock,
            kind="trust.changed",
            actor="headgate",
            target=row.name,
            decision=new_tier,
            detail=detail,
        )
        await ledger.append(db, tenant, act)
    return changed


async def load_book(database: Database, book: AgentBook, tenant: str | None = None) -> None:
    """Tell the book what the database knows, of one tenant or of all."""
    async with database.reading() as db:
        rows = await queries.every(db, tenant)
    by_tenant: dict[str, dict[str, tuple[frozenset[str], str]]] = {} if tenant is None else {tenant: {}}
    for row in rows:
        known = (frozenset(json.decode(row.tags)), tier_of(row.name, row.score_milli, row.own_tier))
        by_tenant.setdefault(row.tenant, {})[row.name] = known
    for name, agents in by_tenant.items():
        book.put(name, agents)


def book_builder(database: Database, book: AgentBook) -> Callable[[object, str], Awaitable[dict[str, Any]]]:
    """The builder of the plane's part."""

    async def build(_plane: object, tenant: str) -> dict[str, Any]:
        await load_book(database, book, tenant)
        return {}

    return build
