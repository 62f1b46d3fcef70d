"""Recorded calls on which guards had something to say."""

from __future__ import annotations

from typing import Any

from headgate.call.caller import DEFAULT_TENANT
from headgate.call.frames import Closed
from headgate.govern.guardrails.verdicts import VERDICTS, Verdict
from headgate.testing.clock import FixedClock
from headgate.testing.frames import closed


def judged(run_id: str, clock: FixedClock, *, tenant: str = DEFAULT_TENANT, **verdict: Any) -> Closed:
    """A closed call with one verdict of a named rule."""
    said = {
        "rule": "r",
        "type": "custom",
        "action": "log",
        "side": "request",
        "match": "x",
        "named": True,
        **verdict,
    }
    frame = closed(run_id, tenant=tenant, at_us=int(clock.now() * 1e6))
    frame.explanation[VERDICTS] = [Verdict(**said)._asdict()]
    return frame
