"""Secrets in answers, whole or streamed: flagged at the end, redacted or refused before they leave."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.call.call import Reply
from headgate.call.module import Tools
from headgate.govern.guardrails.hot import GuardrailBlocked
from headgate.modules.inspect.secretscan_answers import Config, SecretScanAnswers
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock
from tests.govern.guardrails.test_streams import contents, event
from tests.record.cache.calls import QUESTION, live_reply, make_call

SECRET = "AKIAIOSFODNN7EXAMPLE"
BODY = json.dumps(
    {"choices": [{"index": 0, "message": {"content": f"it is {SECRET}."}, "finish_reason": "stop"}]}
).encode()
CUT = [event("it is AKIAIOSF"), event("ODNN7EXAM"), event("PLE."), b"data: [DONE]\n\n"]
STREAMED = {**QUESTION, "stream": True}


def module(action: Any) -> SecretScanAnswers:
    return SecretScanAnswers(Config(action=action), Tools(FixedClock(), MemoryStore(), {}))


def test_flag_notes_and_changes_nothing(clock: FixedClock) -> None:
    call, reply = make_call(clock=clock), live_reply(BODY)
    module("flag").on_reply(call, reply)
    assert reply.body == BODY and call.explanation["secrets"] == {"answer": {"aws_key": 1}}
    assert SECRET not in str(call.explanation) + str(call.warnings)


def test_redact_changes_the_answer_and_it_is_no_longer_that_of_its_source(clock: FixedClock) -> None:
    call, reply = make_call(clock=clock), live_reply(BODY, same_as="run_1")
    module("redact").on_reply(call, reply)
    assert json.loads(reply.body)["choices"][0]["message"]["content"] == "it is [redacted:aws_key]."
    assert reply.same_as == ""


def test_block_refuses_the_answer(clock: FixedClock) -> None:
    with pytest.raises(GuardrailBlocked):
        module("block").on_reply(make_call(clock=clock), live_reply(BODY))


def test_a_flagged_stream_is_not_touched_and_scanned_once_at_its_end(clock: FixedClock) -> None:
    call, scan = make_call(STREAMED, clock=clock), module("flag")
    assert scan.stream_filter(call) is None
    reply = Reply(200, b"".join(CUT))
    scan.on_done(call, reply)
    scan.on_done(call, Reply(200, b""))
    assert call.explanation["secrets"] == {"answer": {"aws_key": 1}}
    assert len(call.warnings) == 1


def test_a_redacted_stream_never_shows_the_secret(clock: FixedClock) -> None:
    call, scan = make_call(STREAMED, clock=clock), module("redact")
    stream = scan.stream_filter(call)
    assert stream is not None
    out = [each for part in CUT for each in stream.feed([part])] + stream.finish()
    assert contents(out) == {0: "it is [redacted:aws_key]."} and out[-1] == CUT[-1]
    assert call.explanation["secrets"] == {"answer": {"aws_key": 1}}
    scan.on_done(call, Reply(200, b"".join(out)))
    assert len(call.warnings) == 1, "it is not scanned twice"


def test_a_blocked_stream_ends_before_the_secret_leaves(clock: FixedClock) -> None:
    stream = module("block").stream_filter(make_call(STREAMED, clock=clock))
    assert stream is not None
    out = stream.feed(CUT[:1])
    with pytest.raises(GuardrailBlocked):
        stream.feed(CUT[1:])
    assert out == []


@pytest.mark.parametrize("action", ["redact", "block"])
def test_an_observe_key_sees_the_answer_as_it_is(clock: FixedClock, action: str) -> None:
    call, scan = make_call(STREAMED, clock=clock, mode="observe"), module(action)
    assert scan.stream_filter(call) is None
    scan.on_done(call, Reply(200, b"".join(CUT)))
    assert call.explanation["secrets"] == {"answer": {"aws_key": 1}}
    whole, reply = make_call(clock=clock, mode="observe"), live_reply(BODY)
    if action == "redact":
        scan.on_reply(whole, reply)
        assert reply.body == BODY
