"""Verdicts add up on the call, what is personal is masked, and overlapping redactions cut nothing twice."""

from __future__ import annotations

import pytest

from headgate.govern.guardrails.rules import Match, Rule
from headgate.govern.guardrails.verdicts import (
    MAX_VERDICTS,
    VERDICTS,
    GuardrailBlocked,
    Verdict,
    apply,
    edits,
    masked,
    not_scanned,
    note,
    refuse,
    shown,
)
from tests.wire.samples import CHAT, call_on, request

LOUD = Rule(id="1", name="loud", pattern="x", action="redact")
QUIET = Rule(id="2", name="quiet", pattern="x", action="warn")


def test_the_same_rule_on_the_same_side_is_counted_up() -> None:
    call = call_on(CHAT, request(CHAT, "hi"))
    for side in ("request", "request", "response"):
        note(call, Verdict("r", "pii", "warn", side, matches=2))
    assert [(each["side"], each["matches"]) for each in call.explanation[VERDICTS]] == [
        ("request", 4),
        ("response", 2),
    ]


def test_a_call_holds_a_bounded_number_of_verdicts() -> None:
    call = call_on(CHAT, request(CHAT, "hi"))
    for number in range(2 * MAX_VERDICTS):
        note(call, Verdict(str(number), "custom", "log", "request"))
    assert len(call.explanation[VERDICTS]) == MAX_VERDICTS


def test_personal_matches_are_masked_others_are_cut() -> None:
    assert masked("ada@example.com") == "a*************m"
    assert masked("ab") == "a*" and masked("x") == "x"
    assert shown(LOUD, "secret") == "s****t"
    assert shown(QUIET, "y" * 300) == "y" * 200


def test_overlapping_redactions_cut_nothing_twice() -> None:
    found = edits([Match(LOUD, 2, 6), Match(LOUD, 4, 8), Match(QUIET, 0, 9), Match(LOUD, 0, 1)])
    assert apply("0123456789", found) == "[redacted:loud]1[redacted:loud]6789"


def test_a_refusal_names_the_rule_but_not_the_match() -> None:
    with pytest.raises(GuardrailBlocked) as refusal:
        refuse(Verdict("r", "pii", "block", "request", "s****t"))
    assert (refusal.value.status, refusal.value.detail["rule"]) == (403, "r")
    assert "s****t" not in str(refusal.value) + str(refusal.value.detail)


def test_what_was_not_scanned_is_said_once() -> None:
    call = call_on(CHAT, request(CHAT, "hi"))
    not_scanned(call, "guardrails", "request", ["image"])
    not_scanned(call, "guardrails", "request", ["image"])
    assert call.explanation["not_scanned"] == {"guardrails.request": ["image"]}
    assert call.warnings == ["guardrails: not_scanned in the request: image"]
