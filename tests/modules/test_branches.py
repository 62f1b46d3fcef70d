"""A branch asks the same of another model, for a whole answer, in the name of the same caller."""

from __future__ import annotations

import json

from headgate.modules.branches import ask_of
from headgate.testing.clock import FixedClock
from tests.record.cache.calls import QUESTION, make_call


def test_a_stream_is_asked_whole_and_of_the_other_model(clock: FixedClock) -> None:
    call = make_call(
        QUESTION | {"stream": True, "stream_options": {"include_usage": True}}, clock=clock, subject="ada"
    )
    call.project, call.session = "p", "s"
    ask = ask_of(call, "other", "branch")
    assert json.loads(ask.body) == QUESTION | {"model": "other"}
    assert (ask.endpoint, ask.app, ask.subject, ask.project, ask.session) == (
        call.endpoint,
        "app_a",
        "ada",
        "p",
        "s",
    )
    assert (ask.parent_run, ask.role, ask.caller) == (call.run_id, "branch", call.caller)


def test_the_model_in_the_path(clock: FixedClock) -> None:
    call = make_call(clock=clock)
    call.endpoint = "/v1beta/models/{model}:streamGenerateContent"
    assert ask_of(call, "gemini-2", "shadow").endpoint == "/v1beta/models/gemini-2:generateContent"
