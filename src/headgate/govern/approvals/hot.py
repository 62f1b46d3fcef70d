"""What modules, rooms and the application use of approvals: the gate that every action passes, and its book."""

from headgate.govern.approvals.book import ApprovalBook, ApprovalRequired
from headgate.govern.approvals.gate import VERDICTS, Action, Gate, Party, PolicyDenied, Ruling, enforce

__all__ = [
    "VERDICTS",
    "Action",
    "ApprovalBook",
    "ApprovalRequired",
    "Gate",
    "Party",
    "PolicyDenied",
    "Ruling",
    "enforce",
]
