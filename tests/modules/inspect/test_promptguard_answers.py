"""Without a word of promptguard answers pass untouched, and nothing is held back."""

from __future__ import annotations

import pytest

from headgate.modules.guard.promptguard import PromptGuard
from headgate.modules.inspect.promptguard_answers import PromptGuardAnswers
from tests.modules.through import Through
from tests.wire import samples
from tests.wire.samples import answer, stream


@pytest.mark.parametrize("wire", samples.TALKING)
def test_alone_it_does_nothing(wire: str) -> None:
    through = Through(wire, {PromptGuardAnswers: {}})
    call = through.ask("write to ada@example.com", stream=True)
    reply = answer(wire, "[EMAIL_REDACTED_1] ada@example.com")
    before = reply.body
    assert through.answer(call, reply).body is before
    assert through.events(call, ["[EMAIL_REDACTED_1]"]) == stream(wire, ["[EMAIL_REDACTED_1]"])


@pytest.mark.parametrize("wire", samples.TALKING)
def test_values_come_back_and_others_are_redacted_in_one_stream(wire: str) -> None:
    both = {"mode": "restore", "answers": "redact"}
    through = Through(wire, {PromptGuard: {"pii": both}, PromptGuardAnswers: {}})
    call = through.ask("write to ada@example.com", stream=True)
    said = through.stream(call, ["[EMAIL_REDACTED_1] and ", "eve@example.com", " too"])
    assert said == "ada@example.com and [EMAIL_REDACTED_2] too", "another's address must not become Ada's"
    reply = through.answer(call, answer(wire, "[EMAIL_REDACTED_1] and eve@example.com too"))
    assert "ada@example.com and [EMAIL_REDACTED_2] too" in reply.body.decode()
