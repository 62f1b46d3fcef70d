"""Rules judge requests, answers and streams alike, on every wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.call.call import Call
from headgate.govern.guardrails.judging import judge_reply, judge_request, judge_stream, judge_streamed
from headgate.govern.guardrails.rules import Rule, RuleSet
from headgate.govern.guardrails.verdicts import VERDICTS, GuardrailBlocked
from tests.wire import samples
from tests.wire.samples import CHAT, MESSAGES, answer, call_on, request, stream, streamed_text

CODE = r"code[- ]?\d+"


def rules(action: Any, **more: Any) -> RuleSet:
    return RuleSet([Rule(id="1", name="codes", pattern=CODE, action=action, **more)])


def verdicts(call: Call) -> list[tuple[str, str, str, int]]:
    found = call.explanation.get(VERDICTS, [])
    return [(each["rule"], each["action"], each["side"], each["matches"]) for each in found]


@pytest.mark.parametrize("wire", samples.WIRES)
def test_requests_on_every_wire(wire: str) -> None:
    call = call_on(wire, request(wire, "my CODE-12 and code 7", tool="and code 9"))
    judge_request(call, rules("redact"))
    assert "CODE-12" not in call.body.decode() and "code 9" not in call.body.decode()
    assert "[redacted:codes] and [redacted:codes]" in call.body.decode()
    assert verdicts(call)[0][:3] == ("codes", "redact", "request")
    with pytest.raises(GuardrailBlocked):
        judge_request(call_on(wire, request(wire, "code 1")), rules("block"))


@pytest.mark.parametrize("role", ["system", "tool"])
def test_tool_results_and_system_texts_are_judged_too(role: str) -> None:
    for wire in samples.WITH_SYSTEM:
        with pytest.raises(GuardrailBlocked):
            body = (
                request(wire, "hi", system="code 1")
                if role == "system"
                else request(wire, "hi", tool="code 1")
            )
            judge_request(call_on(wire, body), rules("block"))


@pytest.mark.parametrize("wire", samples.TALKING)
def test_answers_on_every_wire(wire: str) -> None:
    call, reply = call_on(wire, request(wire, "hi")), answer(wire, "it is code 12.")
    judge_reply(call, reply, rules("redact"))
    assert json.loads(reply.body) == samples.reply(wire, "it is [redacted:codes].")
    assert verdicts(call) == [("codes", "redact", "response", 1)]


@pytest.mark.parametrize("wire", samples.TALKING)
@pytest.mark.parametrize("window", [50, None])
def test_streams_on_every_wire(wire: str, window: int | None) -> None:
    call = call_on(wire, request(wire, "hi"), stream=True)
    judge = judge_stream(call, rules("redact"), window)
    assert judge is not None
    out = [event for raw in stream(wire, ["it is co", "de", " 12", "3. fine"]) for event in judge.feed([raw])]
    assert streamed_text(wire, out + judge.finish()) == "it is [redacted:codes]. fine"
    assert b"code 123" not in b"".join(out)
    assert verdicts(call)[0][:3] == ("codes", "redact", "response")


@pytest.mark.parametrize("wire", samples.TALKING)
def test_a_blocking_rule_ends_a_stream_before_the_match_leaves(wire: str) -> None:
    call = call_on(wire, request(wire, "hi"), stream=True)
    judge = judge_stream(call, rules("block"), 50)
    assert judge is not None
    out: list[bytes] = []
    with pytest.raises(GuardrailBlocked):
        for raw in stream(wire, ["it is co", "de", " 12", "3. fine", "x" * 60]):
            out += judge.feed([raw])
        out += judge.finish()
    assert "123" not in streamed_text(wire, out)


def test_rules_that_only_look_hold_nothing_back_and_read_the_stream_at_its_end() -> None:
    for wire in samples.TALKING:
        call, reply = call_on(wire, request(wire, "hi"), stream=True), answer(wire, "")
        assert judge_stream(call, rules("warn"), 50) is None
        reply.body = b"".join(stream(wire, ["it is co", "de 12", "3."]))
        judge_streamed(call, reply, rules("warn"))
        assert verdicts(call) == [("codes", "warn", "response", 1)]
        assert call.warnings == ["guardrail codes: 1 match in the response"]


def test_a_mark_that_the_rule_itself_would_match_is_not_replaced_again() -> None:
    own = RuleSet([Rule(id="1", name="code 1", pattern=CODE, action="redact")])
    judge = judge_stream(call_on(CHAT, request(CHAT, "hi"), stream=True), own, 20)
    assert judge is not None
    out = [event for raw in stream(CHAT, ["a code 12 b", *(["x" * 10] * 5)]) for event in judge.feed([raw])]
    assert streamed_text(CHAT, out + judge.finish()).startswith("a [redacted:code 1] b")


def test_an_observe_key_is_told_of_and_changes_nothing() -> None:
    call = call_on(CHAT, request(CHAT, "code 12"), mode="observe")
    before = call.body
    judge_request(call, rules("redact"))
    assert call.body is before
    assert verdicts(call) == [("codes", "log", "request", 1)]
    assert judge_stream(call, rules("block"), 50) is None


def test_the_rule_with_the_highest_priority_is_named() -> None:
    high = Rule(id="2", name="high", pattern="code", action="block", priority=5)
    both = RuleSet([high, Rule(id="1", name="low", pattern="code", action="block")])
    with pytest.raises(GuardrailBlocked) as refusal:
        judge_request(call_on(CHAT, request(CHAT, "code")), both)
    assert refusal.value.detail["rule"] == "high"


def test_signed_thinking_stays_as_the_provider_signed_it() -> None:
    blocks = [{"type": "thinking", "thinking": "code 12", "signature": "s"}]
    call = call_on(MESSAGES, {"model": "m", "messages": [{"role": "assistant", "content": blocks}]})
    before = call.body
    judge_request(call, rules("redact"))
    assert call.body == before and verdicts(call)


def test_what_cannot_be_read_is_named() -> None:
    parts = [{"type": "image_url", "image_url": {"url": "data:x"}}]
    call = call_on(CHAT, {"model": "m", "messages": [{"role": "user", "content": parts}]})
    judge_request(call, rules("log"))
    assert call.explanation["not_scanned"] == {"guardrails.request": ["image"]}
    with pytest.raises(GuardrailBlocked) as refusal:
        judge_request(call, rules("log"), blind=True)
    assert (refusal.value.detail["rule"], refusal.value.detail["verdict"]) == ("guardrails", "not_scanned")
