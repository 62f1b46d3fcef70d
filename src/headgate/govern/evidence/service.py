"""Feedback in the words of the trust API, and how the trust side stands."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.frames import Feedback
from headgate.govern.evidence import queries
from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.service import Act, selecting
from headgate.govern.policies import service as policies
from headgate.kernel.clock import Clock, iso, to_us
from headgate.kernel.errors import BadRequest
from headgate.kernel.ids import Ids
from headgate.kernel.pages import Page
from headgate.record.runs import service as runs
from headgate.record.runs.service import Look, RunNotFound
from headgate.store.engine import Database

STARS, RATING, COMMENT = "stars", "rating", "comment"  # kinds of feedback
RECENT = 10_000  # rows that a verification for the status walks at least
FRESH_US = 60 * 1_000_000
FIRST = Page(limit=1)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What somebody thinks of an answer. A rating of -1 is a thumb down, 1 to 5 are stars."""

    run_id: str
    user: str = ""
    rating: int | None = None
    comment: str = ""


async def submit(db: AsyncConnection, look: Look, ids: Ids, opinion: Opinion) -> str:
    """Put feedback on a run, in the one table that all feedback is in. Raises RunNotFound and BadRequest."""
    if opinion.rating is None and not opinion.comment:
        raise BadRequest("Feedback is a rating, a comment, or both.", param="rating")
    if not await runs.exists(look, opinion.run_id):
        raise RunNotFound(opinion.run_id)
    kind = COMMENT if opinion.rating is None else RATING if opinion.rating < 0 else STARS
    feedback_id, caller = ids.new("fb"), look.caller
    look.recorder.write(
        Feedback(
            feedback_id, opinion.run_id, look.tenant, to_us(look.clock.now()), kind, opinion.rating, opinion.comment or None,
            caller.key_id or "", opinion.user or caller.user_id or "",
        )
    )  # fmt: skip
    actor = caller.key_id or caller.user_id or caller.kind
    detail = {"rating": opinion.rating, "kind": kind}
    act = Act.now(
        ids,
        look.clock,
        kind="feedback.submitted",
        actor=actor,
        target=feedback_id,
        run_id=opinion.run_id,
        detail=detail,
    )
    await ledger.append(db, look.tenant, act)
    return feedback_id


def shown(each: dict[str, Any]) -> dict[str, Any]:
    """Feedback in the words of the trust API."""
    return {
        "id": each["id"], "request_id": each["runId"], "user_email": each["userId"], "rating": each["rating"],
        "comment": each["correction"] or "", "type": each["type"], "created_at": each["createdAt"],
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """Counts what there is, and verifies the chain again when the last time is over a minute ago."""

    database: Database
    clock: Clock
    data_dir: Any

    async def of(self, tenant: str, file_policies: int) -> dict[str, Any]:
        check = await self._checked(tenant)
        async with self.database.reading() as db:
            own = (await policies.stored(db, tenant)).get(tenant, [])
            counts = {
                "ledger_events": await selecting.size(db, tenant), "policies": len(own) + file_policies,
                "feedback_count": (await runs.feedback(db, tenant, FIRST))[1],
                "replays": (await queries.replays(db, tenant, FIRST))[1],
                "evidence_packs": (await queries.packs(db, tenant, FIRST))[1],
            }  # fmt: skip
        return {
            "app": "trust", "status": "ok" if check.valid else "broken", "chain_valid": check.valid,
            "verified_at": iso(check.at_us), "verified_rows": check.rows, "reason": check.reason or None, **counts,
        }  # fmt: skip

    async def _checked(self, tenant: str) -> selecting.Check:
        now_us = to_us(self.clock.now())
        async with self.database.reading() as db:
            last = await selecting.last_check(db, tenant)
        if last is not None and now_us - last.at_us < FRESH_US:
            return last
        verdict, _ = await asyncio.to_thread(
            ledger.verify_apart, self.database.url, tenant, self.data_dir, RECENT
        )
        async with self.database.writing() as db:
            await selecting.remember(db, verdict, now_us)
        return selecting.Check(now_us, verdict.ok, verdict.rows, verdict.reason)
