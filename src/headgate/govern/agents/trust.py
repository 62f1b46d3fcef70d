"""The trust of an agent: a number from 0 to 1 made of what it did in the last 30 days, and a tier for each span of it.

score = 0.30 history + 0.25 anomaly + 0.15 delegation + 0.15 tenure + 0.15 vouchers, each from 0 to 1:
history    allowed / (all + 10): what was not blocked; an agent without a past has none to its credit
anomaly    1 - n / 10, at least 0; n counts blocks by guardrails and rejected approvals
delegation 1, until agents can hand on what they may do
tenure     days since it was first seen / 90, at most 1
vouchers   approved / (approved + rejected) of its approvals; 0.5 without any
Tiers: privileged from 0.80, trusted from 0.50, verified from 0.25, else unverified. Whoever gives no name stays unverified.
"""

from __future__ import annotations

from dataclasses import dataclass

from headgate.call.caller import ANONYMOUS_AGENT

WINDOW_DAYS = 30
PRIOR = 10
MOST_ANOMALIES = 10
TENURE_DAYS = 90
TIERS = ((800, "privileged"), (500, "trusted"), (250, "verified"), (0, "unverified"))
TIER_NAMES = tuple(name for _, name in TIERS)
UNVERIFIED = "unverified"
DAY_US = 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Past:
    """What is counted of an agent, over the window."""

    runs: int = 0
    blocked: int = 0
    anomalies: int = 0
    approved: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """The score in thousandths, and its parts as they are shown."""

    milli: int
    parts: dict[str, float]


def score(past: Past, *, first_us: int, now_us: int) -> Score:
    """The score of an agent first seen at `first_us`."""
    decided = past.approved + past.rejected
    parts = {
        "history": (past.runs - past.blocked) / (past.runs + PRIOR),
        "anomaly": 1 - min(past.anomalies + past.rejected, MOST_ANOMALIES) / MOST_ANOMALIES,
        "delegation": 1.0,
        "tenure": min(1.0, max(0, now_us - first_us) / DAY_US / TENURE_DAYS),
        "vouchers": past.approved / decided if decided else 0.5,
    }
    weights = {"history": 0.30, "anomaly": 0.25, "delegation": 0.15, "tenure": 0.15, "vouchers": 0.15}
    total = sum(weights[name] * part for name, part in parts.items())
    return Score(
        round(max(0.0, min(1.0, total)) * 1000), {name: round(part, 4) for name, part in parts.items()}
    )


def tier_of(name: str, milli: int, own: str) -> str:
    """The tier of an agent: an operator's word first."""
    if own:
        return own
    if name == ANONYMOUS_AGENT:
        return UNVERIFIED
    return next(tier for least, tier in TIERS if milli >= least)
