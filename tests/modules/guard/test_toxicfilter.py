"""Toxic words in answers, whole and streamed, are flagged, taken out or refused by category."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.govern.guardrails.hot import GuardrailBlocked
from headgate.modules.guard.toxicfilter import ToxicFilter
from tests.modules.through import Through
from tests.wire import samples
from tests.wire.samples import CHAT, answer


def toxic(wire: str, **fields: Any) -> Through:
    return Through(wire, {ToxicFilter: fields})


@pytest.mark.parametrize("wire", samples.TALKING)
def test_each_category_has_its_own_deed(wire: str) -> None:
    through = toxic(wire)
    call = through.ask(stream=True)
    assert "bullshit" in through.answer(call, answer(wire, "this is bullshit")).body.decode()
    assert call.warnings == ["guardrail profanity: 1 match in the response"]
    reply = through.answer(call, answer(wire, "it is porn, really"))
    assert json.loads(reply.body) == samples.reply(wire, "it is [redacted:sexual], really")
    with pytest.raises(GuardrailBlocked):
        through.answer(call, answer(wire, "kill yourself"))


@pytest.mark.parametrize("wire", samples.TALKING)
def test_streams_are_judged_too(wire: str) -> None:
    through = toxic(wire)
    call = through.ask(stream=True)
    assert through.stream(call, ["it is po", "rn, real", "ly"]) == "it is [redacted:sexual], really"
    with pytest.raises(GuardrailBlocked):
        through.events(through.ask(stream=True), ["please kill your", "self"])
    quiet = toxic(wire, categories=dict.fromkeys(("harmful", "hate_speech", "self_harm", "sexual"), "flag"))
    call = quiet.ask(stream=True)
    assert quiet.stream(call, ["kill your", "self"]) == "kill yourself"
    assert [each["rule"] for each in call.explanation["guardrails"]] == ["self_harm"]


@pytest.mark.parametrize("wire", samples.WIRES)
def test_requests_are_read_if_asked(wire: str) -> None:
    assert toxic(wire).ask("kill yourself")
    with pytest.raises(GuardrailBlocked):
        toxic(wire, scan_input=True).ask("kill yourself")


def test_own_words_and_answers_that_are_not_read() -> None:
    through = toxic(CHAT, custom={"rivals": r"\bacme\b"}, action="redact")
    assert "[redacted:rivals]" in through.answer(through.ask(), answer(CHAT, "buy Acme")).body.decode()
    silent = toxic(CHAT, scan_output=False)
    assert "kill yourself" in silent.answer(silent.ask(), answer(CHAT, "kill yourself")).body.decode()


def test_ordinary_words_pass() -> None:
    for text in (
        "Scunthorpe, Essex and cocktails",
        "kill all processes of the job",
        "analysis of the assassination",
    ):
        call = toxic(CHAT).ask()
        toxic(CHAT).answer(call, answer(CHAT, text))
        assert "guardrails" not in call.explanation, text
