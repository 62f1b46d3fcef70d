"""What the drain makes of runs that asked for approval, or used one: rows, an announcement, an entry in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headgate.call.frames import Closed
from headgate.govern.approvals import queries
from headgate.govern.approvals.book import ASKED, USED
from headgate.govern.approvals.gate import VERDICTS
from headgate.govern.ledger.service import Act
from headgate.kernel.clock import Clock
from headgate.kernel.ids import Ids
from headgate.kernel.json import canonical
from headgate.operate.webhooks import service as webhooks
from headgate.operate.webhooks.events import APPROVAL_REQUESTED, RUN_BLOCKED, TRUST_VIOLATION
from headgate.operate.webhooks.service import Announcement
from headgate.store.bulk import Bulk

GOVERNED = frozenset({ASKED, USED, VERDICTS})


class ApprovalKeeper:
    """Keeps approvals, in the transaction of the runs that they belong to."""

    def __init__(self, ids: Ids, clock: Clock) -> None:
        self._ids = ids
        self._clock = clock

    def keep(self, db: Bulk, runs: Sequence[Closed]) -> list[tuple[str, Act]]:
        """Write what `runs` asked for and used; returns what the ledger is to hold."""
        acts: list[tuple[str, Act]] = []
        for run in runs:
            for verdict in run.explanation.get(VERDICTS, ()):
                acts += self._judged(db, run, verdict)
            for wish in run.explanation.get(ASKED, ()):
                queries.add(db, [_row(run, wish)])
                announcement = Announcement.now(self._ids, self._clock, APPROVAL_REQUESTED, _told(run, wish))
                webhooks.announce_all(db, [(run.tenant, announcement)])
                acts.append((run.tenant, self._act(run, "approval.requested", wish["id"], wish["action"])))
            for approval_id in run.explanation.get(USED, ()):
                used = queries.use(db, run.tenant, approval_id, run.run_id)
                kind = "approval.used" if used else "approval.used_twice"
                acts.append((run.tenant, self._act(run, kind, approval_id, run.run_id)))
        return acts

    def _judged(self, db: Bulk, run: Closed, verdict: dict[str, Any]) -> list[tuple[str, Act]]:
        """A verdict for the ledger: denials, wishes for approval, and what a rule with a name of its own allowed."""
        outcome, rule = verdict["verdict"], verdict["rule"]
        if outcome == "allow" and (rule == "default" or rule.startswith("rule ")):
            return []
        if not verdict["passed"]:
            data = {
                "policy": verdict["policy"], "rule": rule, "verdict": outcome, "action": verdict["action"], "agent": run.agent,
                "run_id": run.run_id,
            }  # fmt: skip
            names = (TRUST_VIOLATION, RUN_BLOCKED) if outcome == "deny" else (RUN_BLOCKED,)
            told = [(run.tenant, Announcement.now(self._ids, self._clock, name, data)) for name in names]
            webhooks.announce_all(db, told)
        detail = {
            "policy": verdict["policy"], "version": verdict["version"], "rule": rule, "tool": verdict["tool"],
            "enforced": not verdict["passed"], "mode": run.mode,
        }  # fmt: skip
        act = Act.now(
            self._ids, self._clock, kind="policy.verdict", actor=run.agent, target=verdict["action"], decision=outcome,
            run_id=run.run_id, detail=detail,
        )  # fmt: skip
        return [(run.tenant, act)]

    def _act(self, run: Closed, kind: str, approval_id: str, what: str) -> Act:
        return Act.now(
            self._ids, self._clock, kind=kind, actor=run.agent, target=approval_id, decision=kind.partition(".")[2],
            run_id=run.run_id, detail={"action": what},
        )  # fmt: skip


def _row(run: Closed, wish: dict[str, Any]) -> tuple[Any, ...]:
    return (
        run.tenant, wish["id"], "pending", bytes.fromhex(wish["digest"]), wish["asked_us"], wish["expires_us"], None, run.run_id,
        "", wish["requester"], run.agent, run.app, wish["action"], wish["tool"], wish["policy"], wish["rule"], wish["needed"],
        wish["requester_may_decide"], canonical(wish["detail"]).decode(),
    )  # fmt: skip


def _told(run: Closed, wish: dict[str, Any]) -> dict[str, Any]:
    return {
        "approval_id": wish["id"], "action": wish["action"], "tool": wish["tool"], "agent": run.agent, "app": run.app,
        "policy": wish["policy"], "rule": wish["rule"], "run_id": run.run_id,
    }  # fmt: skip
