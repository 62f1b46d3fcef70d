"""Deciding about approvals: who may, how many must, and what the decision starts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.caller import Caller
from headgate.govern.approvals import queries
from headgate.govern.approvals.book import ASKED, USED, ApprovalBook, live_of
from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.service import Act
from headgate.kernel import json
from headgate.kernel.clock import Clock, iso, to_us
from headgate.kernel.errors import Conflict, Forbidden, NotFound
from headgate.kernel.ids import Ids
from headgate.operate.webhooks import service as webhooks
from headgate.operate.webhooks.events import APPROVAL_DECIDED
from headgate.operate.webhooks.service import Announcement
from headgate.store.engine import Database

PART = "approvals"  # of the plane
HOUR_US = 3600 * 1_000_000
DEFAULT_EXCEPTION_HOURS = 24.0

Vote = Literal["approve", "reject"]


class NoSuchApproval(NotFound):
    """No such approval of this tenant."""


class Decided(Conflict):
    """The approval is not pending any more; `state` says what it is."""

    code = "approval_decided"


class MayNotDecide(Forbidden):
    """Whoever asked may not decide, and nobody may vote twice."""

    code = "may_not_decide"


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides, and how long an approval lets the action pass."""

    caller: Caller
    ids: Ids
    clock: Clock
    exception_hours: float = DEFAULT_EXCEPTION_HOURS

    @property
    def name(self) -> str:
        return self.caller.key_id or self.caller.user_id or self.caller.kind


async def vote(
    db: AsyncConnection, decider: Decider, approval_id: str, vote: Vote, reason: str
) -> dict[str, Any]:
    """Vote on a pending approval. One rejection ends it; as many approvals as its policy asks for grant it.
    Raises NoSuchApproval, Decided or MayNotDecide."""
    tenant = decider.caller.tenant
    now_us = to_us(decider.clock.now())
    row = await queries.lock(db, decider.caller, approval_id)
    if row is None:
        raise NoSuchApproval(f"There is no approval {approval_id!r}.", id=approval_id)
    status = status_of(row, now_us)
    if status != "pending":
        raise Decided(f"This approval is {status}.", id=approval_id, state=status)
    if decider.name == row.requester and not row.requester_may_decide and decider.caller.kind != "open":
        raise MayNotDecide("Whoever asked for an action may not approve it.", id=approval_id)
    ballot = {
        "tenant": tenant, "approval_id": approval_id, "voter": decider.name, "vote": vote, "reason": reason, "at_us": now_us,
    }  # fmt: skip
    try:
        async with db.begin_nested():
            await queries.add_vote(db, ballot)
    except IntegrityError:
        raise MayNotDecide("You have voted on this approval already.", id=approval_id) from None
    await _conclude(db, decider, row, vote)
    return (await shown(db, tenant, [await queries.one(db, decider.caller, approval_id)], now_us))[0]


async def _conclude(db: AsyncConnection, decider: Decider, row: Any, last: Vote) -> None:
    """End the approval, when the votes so far do."""
    cast = [each for each in await queries.votes(db, row.tenant, [row.id]) if each.vote == "approve"]
    now_us = to_us(decider.clock.now())
    if last == "reject":
        status, expires_us = "rejected", row.expires_us
    elif len(cast) >= row.needed:
        status, expires_us = "approved", now_us + int(decider.exception_hours * HOUR_US)
    else:
        await _tell(db, decider, row, "approval.voted", last)
        return
    if not await queries.decide(db, (row.tenant, row.id), status, decided_us=now_us, expires_us=expires_us):
        raise Decided("Somebody else has decided this approval just now.", id=row.id)
    await _tell(db, decider, row, f"approval.{status}", status)
    data = {
        "approval_id": row.id,
        "status": status,
        "by": decider.name,
        "action": row.action,
        "run_id": row.run_id,
    }
    await webhooks.announce(
        db, row.tenant, Announcement.now(decider.ids, decider.clock, APPROVAL_DECIDED, data)
    )


async def _tell(db: AsyncConnection, decider: Decider, row: Any, kind: str, decision: str) -> None:
    act = Act.now(
        decider.ids, decider.clock, kind=kind, actor=decider.name, target=row.id, decision=decision, run_id=row.run_id,
        detail={"action": row.action, "policy": row.policy, "digest": bytes(row.digest).hex()},
    )  # fmt: skip
    await ledger.append(db, row.tenant, act)


def status_of(row: Any, now_us: int) -> str:
    """`expired` once its time is over, whatever it was waiting for."""
    if row.status in ("pending", "approved") and row.expires_us <= now_us:
        return "expired"
    return row.status


async def shown(db: AsyncConnection, tenant: str, rows: Sequence[Any], now_us: int) -> list[dict[str, Any]]:
    """Approvals as people see them, with their votes."""
    cast: dict[str, list[dict[str, str]]] = {}
    for each in await queries.votes(db, tenant, [row.id for row in rows]):
        ballot = {"by": each.voter, "vote": each.vote, "reason": each.reason, "at": iso(each.at_us)}
        cast.setdefault(each.approval_id, []).append(ballot)
    return [
        {
            "id": row.id, "status": status_of(row, now_us), "action": row.action, "tool": row.tool, "agent": row.agent,
            "app": row.app, "requester": row.requester, "policy": row.policy, "rule": row.rule, "runId": row.run_id,
            "usedByRun": row.used_run or None, "needed": row.needed, "votes": cast.get(row.id, []),
            "detail": json.decode(row.detail), "createdAt": iso(row.asked_us), "expiresAt": iso(row.expires_us),
            "decidedAt": None if row.decided_us is None else iso(row.decided_us),
        }
        for row in rows
    ]  # fmt: skip


async def of_run(
    db: AsyncConnection, caller: Caller, explanation: Mapping[str, Any], now_us: int
) -> list[dict[str, Any]]:
    """The approvals that a run asked for or used, as its explanation names them."""
    ids = [*(each["id"] for each in explanation.get(ASKED, ())), *explanation.get(USED, ())]
    rows = [await queries.one(db, caller, each) for each in dict.fromkeys(ids)]
    return await shown(db, caller.tenant, [row for row in rows if row is not None], now_us)


async def load_book(database: Database, book: ApprovalBook, tenant: str | None = None) -> None:
    """Tell the book what the database knows, of one tenant or of all."""
    async with database.reading() as db:
        rows = await queries.alive(db, tenant)
    by_tenant: dict[str, list[Any]] = {tenant: []} if tenant is not None else {}
    for row in rows:
        by_tenant.setdefault(row.tenant, []).append(row)
    for name, its_rows in by_tenant.items():
        book.put(name, *live_of(its_rows))


def book_builder(
    database: Database, book: ApprovalBook
) -> Callable[[object, str], Awaitable[dict[str, Any]]]:
    """The builder of the plane's part."""

    async def build(_plane: object, tenant: str) -> dict[str, Any]:
        await load_book(database, book, tenant)
        return {}

    return build


async def by_agent(db: AsyncConnection, tenant: str, since_us: int) -> dict[str, tuple[int, int]]:
    """For each agent: how many of its wishes since `since_us` were approved, and how many rejected."""
    return {
        row[0]: (int(row[1]), int(row[2])) for row in await queries.decided_by_agent(db, tenant, since_us)
    }
