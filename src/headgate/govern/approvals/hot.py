"""What modules, rooms and the application use of approvals: the gate that every action passes, and its book."""

from headgate.govern.approvals.book import USED, ApprovalBook, ApprovalRequired
from headgate.govern.approvals.gate import VERDICTS, Action, Gate, Party, PolicyDenied, Ruling, enforce
from headgate.govern.approvals.influence import EVENT, InfluenceBook, Lane, is_tainted_by

__all__ = [
    "EVENT",
    "USED",
    "VERDICTS",
    "Action",
    "ApprovalBook",
    "ApprovalRequired",
    "Gate",
    "InfluenceBook",
    "Lane",
    "Party",
    "PolicyDenied",
    "Ruling",
    "enforce",
    "is_tainted_by",
]
