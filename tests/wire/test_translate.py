"""Translation: what dispatch calls to ask a provider in another wire than the client's."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from headgate.call.call import Call, Wire
from headgate.kernel.errors import BadRequest
from headgate.wire.spec import WIRES
from headgate.wire.translate import Translation, needs_translation
from tests.wire.calls import CHAT, chat_call

MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "content": [{"type": "text", "text": "hello"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 5,
        "cache_read_input_tokens": 10,
        "cache_creation_input_tokens": 2,
        "output_tokens": 3,
    },
}


@dataclass(frozen=True)
class Speaking:
    speaks: frozenset[Wire]


def to_anthropic(call: Call) -> Translation:
    return Translation(call, WIRES[CHAT], "anthropic.messages", "claude-sonnet-4-5")


def test_same_wire_needs_none():
    assert needs_translation("openai.chat", Speaking(frozenset({"openai.chat"}))) is None


def test_provider_of_another_wire_is_asked_in_its_own():
    assert (
        needs_translation("openai.chat", Speaking(frozenset({"anthropic.messages"}))) == "anthropic.messages"
    )


def test_what_no_codec_knows_goes_as_it_is():
    assert needs_translation("openai.embeddings", Speaking(frozenset({"anthropic.messages"}))) is None


def test_chat_becomes_a_message():
    translation = to_anthropic(chat_call(max_tokens=10))
    assert json.loads(translation.body) == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 10,
        "messages": [{"role": "user", "content": "hi"}],
    }
    assert translation.path == "/v1/messages"


def test_message_becomes_a_completion_with_all_token_classes():
    translation = to_anthropic(chat_call(max_tokens=10))
    answer = json.loads(translation.reply(json.dumps(MESSAGE).encode()))
    assert answer["choices"][0]["message"]["content"] == "hello"
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"]["prompt_tokens"] == 17
    usage = translation.usage
    assert (usage.prompt_tokens, usage.cached_tokens, usage.cache_write_tokens, usage.completion_tokens) == (
        17,
        10,
        2,
        3,
    )
    assert json.loads(translation.usage_raw) == MESSAGE["usage"]


def test_losses_are_warnings_and_told_once():
    call = chat_call(max_tokens=10, seed=1, made_up=True)
    to_anthropic(call)
    to_anthropic(call)
    assert [warning.split(" ")[0] for warning in call.warnings] == ["seed", "made_up"]


def test_what_would_change_the_meaning_is_refused():
    with pytest.raises(BadRequest) as told:
        to_anthropic(chat_call(n=2))
    assert told.value.param == "n"


def test_refusal_of_the_provider_comes_in_the_clients_envelope():
    body = b'{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}'
    error = json.loads(to_anthropic(chat_call()).error(429, body))["error"]
    assert (error["message"], error["type"], error["status"]) == ("slow down", "rate_limit_error", 429)


def test_answer_that_is_no_json_is_told():
    with pytest.raises(ValueError):
        to_anthropic(chat_call()).reply(b"<html>")
