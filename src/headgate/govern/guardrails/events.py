"""What the drain makes of verdicts on calls: events, sums, announcements and ledger rows, in the run's own transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from headgate.call.frames import Closed
from headgate.govern.guardrails import queries
from headgate.govern.guardrails.verdicts import VERDICTS
from headgate.govern.ledger.service import Act
from headgate.kernel.clock import Clock, to_us
from headgate.kernel.ids import Ids
from headgate.operate.webhooks import service as webhooks
from headgate.operate.webhooks.events import GUARDRAIL_VIOLATION
from headgate.operate.webhooks.service import Announcement
from headgate.store.bulk import Bulk

__all__ = ["VERDICTS", "VerdictKeeper"]

KEPT_EVENTS = 10_000  # of one tenant
TRIM_EVERY = 1_000  # new events between two looks
IN_LEDGER = frozenset({"block", "redact", "warn"})


class VerdictKeeper:
    """Keeps the verdicts of runs. What it counts between two looks at the bound may be lost."""

    def __init__(self, ids: Ids, clock: Clock) -> None:
        self._ids = ids
        self._clock = clock
        self._new: Counter[str] = Counter()

    def keep(self, db: Bulk, runs: Sequence[Closed]) -> list[tuple[str, Act]]:
        """Write what guards found in `runs`; returns what the ledger is to hold."""
        rows: list[tuple[Any, ...]] = []
        announced: list[tuple[str, Announcement]] = []
        acts: list[tuple[str, Act]] = []
        sums: Counter[tuple[str, str, str]] = Counter()
        for run in runs:
            for verdict in run.explanation.get(VERDICTS, ()):
                rows.append(self._row(run, verdict))
                sums[run.tenant, verdict["rule"], verdict["action"]] += 1
                announced.append((run.tenant, self._announcement(run, verdict)))
                if verdict["named"] and verdict["action"] in IN_LEDGER:
                    acts.append((run.tenant, self._act(run, verdict)))
        if rows:
            now_us = to_us(self._clock.now())
            queries.keep_events(db, rows)
            queries.count(db, [(*key, hits, now_us) for key, hits in sums.items()])
            webhooks.announce_all(db, announced)
            self._bound(db, Counter(row[1] for row in rows))
        return acts

    def _bound(self, db: Bulk, new: Counter[str]) -> None:
        self._new.update(new)
        for tenant, count in list(self._new.items()):
            if count >= TRIM_EVERY:
                queries.trim(db, tenant, KEPT_EVENTS)
                del self._new[tenant]

    def _row(self, run: Closed, verdict: dict[str, Any]) -> tuple[Any, ...]:
        return (
            self._ids.new("gev"), run.tenant, run.at_us, verdict["rule"], verdict["type"], verdict["action"], verdict["side"],
            run.project, run.model, verdict["match"], verdict["matches"], run.run_id,
        )  # fmt: skip

    def _announcement(self, run: Closed, verdict: dict[str, Any]) -> Announcement:
        data = {
            "rule": verdict["rule"], "rule_type": verdict["type"], "action": verdict["action"], "direction": verdict["side"],
            "project": run.project, "run_id": run.run_id,
        }  # fmt: skip
        return Announcement.now(self._ids, self._clock, GUARDRAIL_VIOLATION, data)

    def _act(self, run: Closed, verdict: dict[str, Any]) -> Act:
        detail = {"type": verdict["type"], "direction": verdict["side"], "matches": verdict["matches"]}
        return Act.now(
            self._ids, self._clock, kind="guardrail.verdict", actor=run.key_id or run.user_id or run.agent,
            target=verdict["rule"], decision=verdict["action"], run_id=run.run_id, detail=detail,
        )  # fmt: skip
