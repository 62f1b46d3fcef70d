"""How dispatch asks: what a call may cost in time and repeats. Modules leave one in `call.notes["policy"]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Strategy = Literal["priority", "weighted", "least-latency"]
# one of `call.notes["targets"]`: provider ("": by the model), model ("": the call's), and a weight
Named = tuple[str, str] | tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class QueueTerms:
    """A call that finds its provider full waits for its turn, by caller, within these bounds."""

    wait_s: float = 30.0
    max_bytes: int = 64 * 1024 * 1024  # of the bodies of all who wait for one provider
    max_waiting: int = 1000


@dataclass(frozen=True, slots=True)
class Policy:
    """`retries` are rounds over all targets after the first. `deadline_s` 0: the server's total time-out."""

    strategy: Strategy = "priority"
    retries: int = 0
    base_delay_s: float = 0.5
    max_delay_s: float = 8.0
    deadline_s: float = 0.0
    attempt_s: float = 0.0  # for one whole answer, or a stream's first content; 0: no limit of its own
    first_content_s: float = 60.0  # of a stream, while another target could take over
    affinity: bool = True  # the same long prompt goes to the same key
    queue: QueueTerms | None = None


DEFAULT = Policy()
