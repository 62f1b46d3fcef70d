"""Chat answers of the mock: finish reasons, usage, JSON, log probabilities."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletion

from headgate.providers.mocking.chat import chunks, completion
from headgate.providers.mocking.request import Refused
from tests.providers.mocking.asking import WEATHER, ask


def answer(text: str = "hello", **fields: Any) -> ChatCompletion:
    return ChatCompletion.model_validate(completion(ask(text, **fields)))


def test_an_answer_is_stable_and_its_usage_adds_up() -> None:
    one = answer()
    assert one == answer()
    assert one.choices[0].finish_reason == "stop"
    assert one.usage is not None
    assert one.usage.prompt_tokens == 9
    assert one.usage.completion_tokens > 10
    assert one.usage.total_tokens == one.usage.prompt_tokens + one.usage.completion_tokens
    assert one.usage.prompt_tokens_details is not None
    assert one.usage.prompt_tokens_details.cached_tokens == 0


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_limit_cuts_the_answer(name: str) -> None:
    cut = answer("hello", **{name: 5})
    assert cut.choices[0].finish_reason == "length"
    assert cut.usage is not None
    assert cut.usage.completion_tokens == 5
    assert answer("hello", **{name: 5000}).choices[0].finish_reason == "stop"


def test_a_limit_cuts_the_arguments_of_a_tool_too() -> None:
    choice = answer("weather?", tools=[WEATHER], max_tokens=2).choices[0]
    assert choice.finish_reason == "length"
    assert choice.message.tool_calls is not None


def test_a_stop_sequence_ends_the_answer_before_itself() -> None:
    assert answer(stop=" answer").choices[0].message.content == "This is a mock"


def test_choices_differ_and_are_counted() -> None:
    three = answer(n=3)
    assert [choice.index for choice in three.choices] == [0, 1, 2]
    assert len({choice.message.content for choice in three.choices}) > 1


def test_json_by_schema_and_any_json() -> None:
    schema = {
        "type": "object",
        "properties": {"ok": {"type": "boolean"}},
        "required": ["ok"],
        "additionalProperties": False,
    }
    made = answer(
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "x", "strict": True, "schema": schema},
        }
    )
    assert json.loads(made.choices[0].message.content or "") in ({"ok": True}, {"ok": False})
    assert isinstance(
        json.loads(answer(response_format={"type": "json_object"}).choices[0].message.content or ""), dict
    )


def test_log_probabilities_of_every_token() -> None:
    choice = answer(logprobs=True, top_logprobs=3).choices[0]
    assert choice.logprobs is not None
    content = choice.logprobs.content or []
    assert "".join(token.token for token in content) == choice.message.content
    assert all(len(token.top_logprobs) == 3 and token.logprob < 0 for token in content)
    assert answer().choices[0].logprobs is None


def test_reasoning_is_part_of_the_completion() -> None:
    usage = answer(reasoning_effort="low").usage
    assert usage is not None
    assert usage.completion_tokens_details is not None
    assert usage.completion_tokens_details.reasoning_tokens == 32
    assert usage.completion_tokens > 32


def test_audio_is_a_wav_file_with_its_words() -> None:
    message = (
        answer(modalities=["text", "audio"], audio={"format": "wav", "voice": "alloy"}).choices[0].message
    )
    assert message.audio is not None
    assert base64.b64decode(message.audio.data).startswith(b"RIFF")
    assert message.content is None
    assert message.audio.transcript.startswith("This is a mock answer")


def test_the_tools_answer_is_taken_up() -> None:
    messages = [
        {"role": "user", "content": "weather?"},
        {"role": "tool", "tool_call_id": "x", "content": "12 C"},
    ]
    assert answer(messages=messages, tools=[WEATHER]).choices[0].message.content == "The tool answered: 12 C"


def test_without_messages_it_is_refused() -> None:
    with pytest.raises(Refused):
        completion(ask(messages=None))


def test_a_stream_says_the_same_token_by_token() -> None:
    whole = completion(ask(logprobs=True))
    pieces = chunks(whole)
    assert (
        "".join(piece["delta"].get("content") or "" for piece in pieces)
        == whole["choices"][0]["message"]["content"]
    )
    assert len(pieces) > 10
    assert [piece["finish_reason"] for piece in pieces] == [None] * (len(pieces) - 1) + ["stop"]
