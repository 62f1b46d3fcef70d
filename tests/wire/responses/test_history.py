"""What stood before a response: passed on to who keeps it, told to everyone else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.wire.responses.history import (
    NOTE,
    PROVIDER,
    History,
    PreviousNotFound,
    input_items,
    numbered,
    output_items,
    sent_body,
    whole_body,
)
from tests.wire.calls import call_of

PATH = "/v1/responses"
BEFORE = (
    b'{"role":"user","content":"hi"}',
    b'{"type":"reasoning","id":"rs","encrypted_content":"gAAA\\u0041="}',
)


def call(history: History | None = None, provider: str = "", **fields: Any) -> Any:
    made = call_of(
        json.dumps({"model": "gpt-4o", "input": "and?", "previous_response_id": "resp_1"} | fields).encode(),
        PATH,
    )
    if history is not None:
        made.notes[NOTE] = history
    if provider:
        made.notes[PROVIDER] = provider
    return made


def test_whoever_keeps_the_talk_gets_its_id():
    body = json.loads(sent_body(call(History(BEFORE, home="openai"), "openai")))
    assert body["previous_response_id"] == "resp_1" and body["input"] == "and?"


@pytest.mark.parametrize(("home", "provider"), [("openai", "azure"), ("", "openai"), ("openai", "")])
def test_everyone_else_gets_the_whole_talk_byte_for_byte(home: str, provider: str):
    sent = sent_body(call(History(BEFORE, home), provider))
    assert b"previous_response_id" not in sent
    assert b"[" + b",".join(BEFORE) + b"," in sent
    assert json.loads(sent)["input"][-1]["content"] == "and?"


def test_a_talk_that_only_the_provider_may_know_is_its_own_to_find():
    assert json.loads(sent_body(call()))["previous_response_id"] == "resp_1"


def test_a_provider_of_another_format_gets_the_whole_talk_or_an_error():
    assert len(json.loads(whole_body(call(History(BEFORE))))["input"]) == 3
    with pytest.raises(PreviousNotFound) as told:
        whole_body(call())
    assert (told.value.param, told.value.code) == ("previous_response_id", "previous_response_not_found")


def test_without_a_talk_before_nothing_changes():
    plain = call_of(b'{"model":"gpt-4o", "input":"hi"}', PATH)
    assert sent_body(plain) is plain.body and whole_body(plain) is plain.body


def test_a_routed_model_is_renamed():
    routed = call(input="x")
    routed.model = "gpt-5"
    assert json.loads(sent_body(routed))["model"] == "gpt-5"


def test_a_request_without_input_gets_one():
    assert json.loads(whole_body(call(History(BEFORE), input=None)))["input"] == [
        json.loads(each) for each in BEFORE
    ]
    lacking = call_of(b'{"model":"gpt-4o","previous_response_id":"r"}', PATH)
    lacking.notes[NOTE] = History(BEFORE)
    assert len(json.loads(whole_body(lacking))["input"]) == 2


def test_items_of_requests_and_answers():
    assert [json.loads(each) for each in input_items(b'{"input":"hi"}')] == [
        {"type": "message", "role": "user", "content": "hi"}
    ]
    assert input_items(b'{"input": [ {"a":1} ]}') == [b'{"a":1}']
    assert input_items(b"{}") == []
    assert output_items(b'{"output":[{"b": 2}]}') == [b'{"b": 2}']


def test_listed_items_have_ids_and_parts():
    user, answer, call_ = (
        json.loads(each)
        for each in numbered(
            [
                b'{"role":"user","content":"hi"}',
                b'{"role":"assistant","content":"yo","id":"msg_1"}',
                b'{"type":"function_call","call_id":"c"}',
            ],
            "r",
        )
    )
    assert (
        user["content"] == [{"type": "input_text", "text": "hi"}] and user["id"] and user["type"] == "message"
    )
    assert answer["id"] == "msg_1" and answer["content"][0]["type"] == "output_text"
    assert call_["id"] and "content" not in call_
