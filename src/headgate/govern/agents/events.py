"""What the drain tells of runs: which agents were seen, and when last."""

from __future__ import annotations

from collections.abc import Sequence

from headgate.call.frames import Closed
from headgate.govern.agents import queries
from headgate.kernel.ids import Ids
from headgate.store.bulk import Bulk

COARSE_US = 1_000_000  # an agent that is always there is written once a second
KEPT = 100_000


class AgentKeeper:
    """Keeps when agents were seen, in the transaction of their runs."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._last: dict[tuple[str, str], int] = {}

    def forget(self) -> None:
        """After a failed transaction: write everyone again."""
        self._last.clear()

    def keep(self, db: Bulk, runs: Sequence[Closed]) -> None:
        spans: dict[tuple[str, str], tuple[int, int]] = {}
        for run in runs:
            key = (run.tenant, run.agent)
            first, last = spans.get(key, (run.at_us, run.at_us))
            spans[key] = (min(first, run.at_us), max(last, run.at_us))
        for key, span in sorted(spans.items()):
            if span[1] - self._last.get(key, 0) >= COARSE_US:
                queries.seen(db, *key, self._ids.new("agt"), span)
                self._last[key] = span[1]
        if len(self._last) > KEPT:
            self._last.clear()
