"""The gate: what a policy says becomes a ruling, on record, and an observing caller is told and never held."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from headgate.govern.approvals.book import ASKED, USED, ApprovalBook, ApprovalRequired, Live
from headgate.govern.approvals.gate import VERDICTS, Action, Gate, Party, PolicyDenied, enforce
from headgate.govern.policies.hot import PolicyBook
from headgate.testing.clock import FixedClock
from tests.govern.policies.test_hot import allow, deny, loaded

PARTY = Party("ten_a", "key_1", "anna", "shop")
MAIL = Action(("write:email", "execute:send_email", "execute:tool"), b'{"amount":5}', "send_email", 3)


class Office:
    """A gate, its books, and the record of one run."""

    def __init__(self, clock: FixedClock, *rules: dict[str, Any]) -> None:
        policies = PolicyBook()
        policies.fill([], {"ten_a": [loaded("p", *rules)]} if rules else {})
        self.book = ApprovalBook()
        self.book.is_ready = True
        self.gate = Gate(policies, self.book, clock)
        self.record: dict[str, Any] = {}

    def judge(self, action: Action = MAIL, party: Party = PARTY, **more: Any) -> Any:
        return self.gate.judge(party, action, self.record, **more)


def test_without_policies_the_gate_is_open_and_leaves_no_trace(clock: FixedClock) -> None:
    office = Office(clock)

    assert office.gate.is_open("ten_a")
    assert office.judge().passes
    assert office.record == {}


def test_a_denial_raises_with_its_verdict(clock: FixedClock) -> None:
    office = Office(clock, deny("write:email", name="no mail"))

    with pytest.raises(PolicyDenied) as caught:
        enforce([office.judge()])

    assert caught.value.detail["verdict"]["rule"] == "no mail"
    assert [(each["verdict"], each["passed"], each["tool"]) for each in office.record[VERDICTS]] == [
        ("deny", False, "send_email")
    ]


def test_an_action_that_needs_approval_is_asked_for_once_and_passes_once(clock: FixedClock) -> None:
    office = Office(clock, allow("execute:*", requiresApproval=True))
    with pytest.raises(ApprovalRequired) as caught:
        enforce([office.judge()])
    approval_id = caught.value.detail["approvalId"]
    assert not office.judge().passes
    [wish] = office.record[ASKED]

    digest = bytes.fromhex(wish["digest"])
    office.book.put("ten_a", {digest: Live(approval_id, "approved", 10**18)}, {digest: 0})

    assert wish["id"] == approval_id
    assert wish["detail"]["arguments"] == '{"amount":5}'
    assert office.judge().passes
    assert office.record[USED] == [approval_id]
    assert not office.judge().passes


def test_an_observing_caller_is_told_and_not_held(clock: FixedClock) -> None:
    office = Office(clock, deny("*"))
    observing = replace(PARTY, observing=True)

    ruling = office.judge(party=observing)

    assert (ruling.passes, ruling.verdict.outcome) == (True, "deny")
    assert ASKED not in office.record


def test_a_denial_comes_before_a_wish_for_approval(clock: FixedClock) -> None:
    office = Office(clock, deny("execute:delete_all"), allow("execute:*", requiresApproval=True))

    with pytest.raises(PolicyDenied):
        enforce([office.judge(), office.judge(Action(("execute:delete_all",), tool="delete_all"))])


def test_untrusted_influence_makes_an_allowed_action_wait(clock: FixedClock) -> None:
    office = Office(clock)

    ruling = office.judge(ask_always=True)

    assert (ruling.passes, ruling.verdict.policy) == (False, "memory_quarantine")


def test_conditions_see_the_arguments_and_what_is_not_told_is_empty(clock: FixedClock) -> None:
    office = Office(clock, deny("write:email", when="args.amount > 3 && model == '' && level == 3"))

    assert not office.judge().passes
