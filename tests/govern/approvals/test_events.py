"""What the drain makes of governed runs: approvals, announcements, and the ledger's denials, wishes and named verdicts."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from headgate.govern.approvals.book import USED
from headgate.govern.approvals.gate import VERDICTS
from headgate.govern.ledger.tables import ledger
from headgate.kernel.ids import Ids
from headgate.operate.webhooks.tables import outbox
from headgate.testing.frames import closed
from headgate.testing.house import House


def verdict(outcome: str, rule: str = "rule 1", *, passed: bool | None = None) -> dict[str, Any]:
    return {
        "verdict": outcome, "policy": "p", "version": "1", "rule": rule, "action": "write:email", "tool": "send_email",
        "passed": outcome == "allow" if passed is None else passed,
    }  # fmt: skip


async def kept(house: House, explanation: dict[str, Any]) -> tuple[list[tuple[str, str]], list[str]]:
    """The ledger's (kind, decision) of the run beside its recording, and the events announced."""
    house.recorder.write(closed(Ids(house.clock).new("run"), explanation=explanation))
    assert await house.recorder.caught_up(5)
    async with house.services.database.reading() as db:
        acts = (await db.execute(sa.select(ledger.c.kind, ledger.c.decision).order_by(ledger.c.seq))).all()
        events = (await db.execute(sa.select(outbox.c.name).order_by(outbox.c.name))).scalars().all()
    return [(kind, decision) for kind, decision in acts if kind != "runs.recorded"], list(events)


@pytest.mark.parametrize(
    ("given", "acts", "events"),
    [
        (verdict("deny"), [("policy.verdict", "deny")], ["run.blocked", "trust.violation"]),
        (verdict("approval_required"), [("policy.verdict", "approval_required")], ["run.blocked"]),
        (verdict("allow", "the board may"), [("policy.verdict", "allow")], []),
        (verdict("allow", "rule 2"), [], []),
        (verdict("allow", "default"), [], []),
        (verdict("deny", passed=True), [("policy.verdict", "deny")], []),
    ],
)
async def test_what_goes_into_the_ledger_and_what_is_announced(
    house: House, given: dict[str, Any], acts: list[tuple[str, str]], events: list[str]
) -> None:
    assert await kept(house, {VERDICTS: [given]}) == (acts, events)


async def test_an_approval_that_was_not_there_to_be_used_is_told(house: House) -> None:
    acts, _ = await kept(house, {USED: ["apr_nothing"]})

    assert acts == [("approval.used_twice", "used_twice")]
