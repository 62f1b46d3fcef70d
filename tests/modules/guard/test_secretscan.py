"""Secrets in requests are flagged, redacted or refused; what they are is told to nobody."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.call.call import Call
from headgate.call.module import Tools
from headgate.gateway.chain import compile_chain, run_steps
from headgate.govern.guardrails.hot import GuardrailBlocked
from headgate.modules.guard.secretscan import Config, SecretScan
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock
from tests.record.cache.calls import QUESTION, make_call

SECRET = "AKIAIOSFODNN7EXAMPLE"
LEAKY = {**QUESTION, "messages": [{"role": "user", "content": f"use {SECRET} and again {SECRET}"}]}


def scan(call: Call, action: Any) -> None:
    chain = compile_chain(
        (SecretScan,), {"secretscan": Config(action=action)}, Tools(FixedClock(), MemoryStore(), {})
    )
    run_steps(call, chain.steps)


def told(call: Call) -> str:
    return json.dumps([call.explanation, call.warnings, call.notes], default=str)


def test_flag_notes_kind_and_number_and_changes_nothing(clock: FixedClock) -> None:
    call = make_call(LEAKY, clock=clock)
    before = call.body
    scan(call, "flag")
    assert call.body is before
    assert call.explanation["secrets"] == {"request": {"aws_key": 2}}
    assert call.warnings == ["secretscan: 2 secrets in the request (aws_key)"]
    assert SECRET not in told(call)


def test_redact_changes_the_body_that_goes_out(clock: FixedClock) -> None:
    call = make_call(LEAKY, clock=clock)
    scan(call, "redact")
    assert (
        json.loads(call.body)["messages"][0]["content"]
        == "use [redacted:aws_key] and again [redacted:aws_key]"
    )
    assert call.explanation["secrets"] == {"request": {"aws_key": 2}}


def test_block_refuses_and_names_the_rule_but_not_the_secret(clock: FixedClock) -> None:
    call = make_call(LEAKY, clock=clock)
    with pytest.raises(GuardrailBlocked) as refusal:
        scan(call, "block")
    assert (refusal.value.status, refusal.value.code) == (403, "guardrail_blocked")
    assert refusal.value.detail == {"rule": "secretscan", "kinds": ["aws_key"]}
    assert SECRET not in str(refusal.value) + told(call)


@pytest.mark.parametrize("action", ["flag", "redact", "block"])
def test_an_observe_key_is_only_noted(clock: FixedClock, action: str) -> None:
    call = make_call(LEAKY, clock=clock, mode="observe")
    before = call.body
    scan(call, action)
    assert call.body is before and call.explanation["secrets"] == {"request": {"aws_key": 2}}
    assert ("would_block" in call.explanation) is (action == "block")


def test_a_clean_request_leaves_no_trace(clock: FixedClock) -> None:
    call = make_call(clock=clock)
    scan(call, "block")
    assert told(call) == told(make_call(clock=clock))
