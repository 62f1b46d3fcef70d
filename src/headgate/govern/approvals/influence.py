"""What had influence on runs: content from an untrusted lane makes a run's actions wait, until a trusted lane covers it.

Kept in memory for the runs of this process; the events on the runs themselves are the record.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

Lane = Literal["untrusted", "observed", "verified", "human_approved"]
LOW: frozenset[str] = frozenset({"untrusted", "observed"})
EVENT = "memory.influence"  # the trace event that an influence is on record as
MAX_RUNS = 100_000


@dataclass(slots=True)
class _Lanes:
    low: bool = False
    covered: bool = False


class InfluenceBook:
    """Influences by tenant and run. The oldest are forgotten when there are too many."""

    def __init__(self) -> None:
        self._runs: OrderedDict[tuple[str, str], _Lanes] = OrderedDict()

    def note(self, tenant: str, run_id: str, lane: str) -> None:
        """Content of this lane had influence on the run."""
        lanes = self._runs.setdefault((tenant, run_id), _Lanes())
        if lane in LOW:
            lanes.low = True
        else:
            lanes.covered = True
        self._runs.move_to_end((tenant, run_id))
        if len(self._runs) > MAX_RUNS:
            self._runs.popitem(last=False)

    def is_tainted(self, tenant: str, run_id: str) -> bool:
        """Had untrusted content influence on the run, with nothing trusted to cover it?"""
        lanes = self._runs.get((tenant, run_id)) if run_id else None
        return lanes is not None and lanes.low and not lanes.covered


def is_tainted_by(lanes: list[str]) -> bool:
    """The same of a run whose lanes are known from its events."""
    return any(lane in LOW for lane in lanes) and all(lane in LOW for lane in lanes)
