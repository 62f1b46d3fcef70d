"""What users of gateways suffer from most, where it is the formats that cause it: each pain with the test that rules it out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anthropic.types import Message as AnthropicMessage
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.gateway.replies import sse_error
from headgate.kernel.errors import ProviderError
from headgate.wire.anthropic.spec import SPEC as MESSAGES
from headgate.wire.codec import Fates
from headgate.wire.codecs import CODECS
from headgate.wire.neutral import Choice, Reply, Text, Thinking, ToolCall
from headgate.wire.openai_chat import SPEC as CHAT
from headgate.wire.translate import Translation
from tests.wire.anthropic.sdk import streamed
from tests.wire.calls import call_of, chat_call
from tests.wire.neutral_forms import ANSWERS, ASKED, TOKENS, essence, pieces, read_stream, stream_of

TWO_CALLS = Reply(
    "r", "m", [Choice([ToolCall("c1", "look", '{"a":1}'), ToolCall("c2", "find", '{"b":2}')], "tool")], TOKENS
)


@pytest.mark.pain(2)
@pytest.mark.parametrize("field", ["logit_bias", "prediction", "web_search_options", "a_field_of_next_year"])
def test_no_parameter_is_lost_without_a_word(field: str):
    """Pain 2: parameters dropped, renamed or refused across providers, and nobody is told."""
    call = chat_call(max_tokens=5, **{field: {"some": "value"}})
    Translation(call, CHAT, "anthropic.messages", "claude-sonnet-5")
    assert any(warning.startswith(f"{field} was dropped") for warning in call.warnings)


@pytest.mark.pain(2)
def test_in_the_providers_own_format_every_byte_but_the_model_stays():
    """Pain 2: fields that a gateway does not know are lost on the way to a provider that does."""
    body = (
        b'{ "model":"x:claude", "max_tokens": 5,"a_field_of_next_year":{"k":[1.0,2e3]},'
        b'"messages":[{"role":"user","content":"hi"}]}'
    )
    call = call_of(body, "/v1/messages")
    assert MESSAGES.upstream_body(call) is body
    call.model = "claude"
    assert MESSAGES.upstream_body(call) == body.replace(b"x:claude", b"claude")


@pytest.mark.pain(4)
@settings(deadline=None, max_examples=40)
@given(cuts=st.lists(st.integers(0, 3000), max_size=12))
def test_each_parallel_call_keeps_its_place_and_its_arguments(cuts: list[int]):
    """Pain 4: tool-call deltas arrive under the wrong index, or stick together, when a stream is translated."""
    reader, writer = CODECS["anthropic.messages"].stream_reader(), CODECS["openai.chat"].stream_writer(ASKED)
    out = b"".join(
        writer.write(reader.feed(piece)) for piece in pieces(stream_of("anthropic.messages", TWO_CALLS), cuts)
    )
    out += writer.write(reader.finish()) + writer.finish()
    told: dict[int, str] = {}
    for line in out.decode().split("\n\n"):
        if not line.startswith("data: {"):
            continue
        for choice in json.loads(line[6:])["choices"]:
            for call in choice["delta"].get("tool_calls", []):
                told[call["index"]] = told.get(call["index"], "") + call["function"]["arguments"]
    assert told == {0: '{"a":1}', 1: '{"b":2}'}
    assert out.endswith(b"data: [DONE]\n\n")


@pytest.mark.pain(14)
@pytest.mark.parametrize("name", [name for name in ANSWERS if name != "no usage"])
def test_what_another_vendor_answered_is_valid_to_the_official_sdk(name: str):
    """Pain 14: answers and events that are not quite in the shape of the protocol they claim to be in."""
    writer = CODECS["anthropic.messages"].stream_writer(ASKED)
    reader = CODECS["openai.chat"].stream_reader()
    out = (
        writer.write([*reader.feed(stream_of("openai.chat", ANSWERS[name])), *reader.finish()])
        + writer.finish()
    )
    message, kinds = streamed(out)
    AnthropicMessage.model_validate(message)
    assert (kinds[0], kinds[-2:]) == ("message_start", ["message_delta", "message_stop"])
    whole = CODECS["anthropic.messages"].write_reply(ANSWERS[name], ASKED)
    AnthropicMessage.model_validate_json(whole)
    assert essence(read_stream("anthropic.messages", out, [])) == essence(ANSWERS[name])


@pytest.mark.pain(14)
def test_an_error_in_the_middle_has_the_form_of_the_protocol():
    """Pain 14: an error inside a stream in another protocol's shape, which the client's SDK passes over."""
    out = sse_error("/v1/messages", ProviderError("The provider stopped."))
    name, data = out.decode().strip().split("\n")
    assert name == "event: error"
    told = json.loads(data.removeprefix("data: "))
    assert (told["type"], told["error"]["type"], told["error"]["message"]) == (
        "error",
        "api_error",
        "The provider stopped.",
    )


@pytest.mark.pain(15)
@pytest.mark.parametrize("maker", ["openai", "google", ""])
def test_a_thought_is_never_sent_to_another_maker(maker: Any):
    """Pain 15: reasoning with a signature reaches a provider that did not sign it, which refuses the whole call."""
    body = written([Thinking("hm", "signature", maker=maker), Text("42")])
    assert b"signature" not in body


@pytest.mark.pain(15)
def test_a_thought_goes_back_to_its_maker_as_it_came():
    """Pain 15: signatures are lost on the way through a client of another format, so a talk with tools breaks."""
    signed = Thinking("hm", "c2lnbmF0dXJl", maker="anthropic")
    answer = json.loads(
        CODECS["openai.chat"].write_reply(Reply("r", "m", [Choice([signed, Text("42")])]), ASKED)
    )
    history = [
        {"role": "user", "content": "6 x 7?"},
        answer["choices"][0]["message"],
        {"role": "user", "content": "sure?"},
    ]
    call = chat_call(max_tokens=5, messages=history)
    sent = json.loads(Translation(call, CHAT, "anthropic.messages", "claude-sonnet-5").body)
    assert sent["messages"][1]["content"][0] == {
        "type": "thinking",
        "thinking": "hm",
        "signature": "c2lnbmF0dXJl",
    }
    assert call.warnings == []


def written(parts: list[Any]) -> bytes:
    request = CODECS["openai.chat"].read_request(
        b'{"model":"m","messages":[{"role":"user","content":"6 x 7?"}]}'
    )
    request.messages.append(type(request.messages[0])("assistant", parts))
    return CODECS["anthropic.messages"].write_request(request, "claude-sonnet-5", Fates())
