"""Part 3: policies, approvals, trust, and a ledger that an outsider can check."""

from __future__ import annotations

from tools.accept.outcome import Part
from tools.accept.part3 import approvals, contracts, ledger, policies

PART = Part(
    3,
    {
        1: ("verdicts on every wire, dry runs, bad files", policies.run),
        2: ("approve, then once and exactly", approvals.run),
        3: ("a ledger that tells", ledger.run),
        7: ("contracts of governance", contracts.run),
    },
)
