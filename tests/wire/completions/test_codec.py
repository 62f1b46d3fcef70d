"""Text completions asked of a provider that only talks: prompt in, text out, plain and streamed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.kernel.errors import BadRequest
from headgate.wire.spec import WIRES
from headgate.wire.translate import Translation
from tests.wire.calls import COMPLETIONS, call_of

ANSWER = (
    b'{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant",'
    b'"content":" time"},"finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}'
)


def translation(**fields: Any) -> Translation:
    call = call_of(json.dumps({"model": "m", "prompt": "Once upon a"} | fields).encode(), COMPLETIONS)
    return Translation(call, WIRES[COMPLETIONS], "openai.chat", "m")


def test_prompt_is_what_the_user_says():
    assert json.loads(translation(max_tokens=3, logit_bias={"5": -100}).body) == {
        "model": "m",
        "messages": [{"role": "user", "content": "Once upon a"}],
        "max_tokens": 3,
        "logit_bias": {"5": -100},
    }


def test_answer_is_text():
    answer = json.loads(translation().reply(ANSWER))
    assert answer["object"] == "text_completion"
    assert answer["choices"] == [{"text": " time", "index": 0, "logprobs": None, "finish_reason": "length"}]
    assert answer["usage"]["total_tokens"] == 4


def test_stream_is_text_with_usage_and_an_end():
    stream = translation(stream=True).stream()
    out = stream.feed(
        b'data: {"id":"c1","created":1,"model":"m","choices":[{"index":0,"delta":{"content":" time"},"finish_reason":null}]}\n\n'
        b'data: {"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
        b'data: {"id":"c1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}}\n\ndata: [DONE]\n\n'
    )
    lines = (out + stream.finish()).decode().split("\n\n")
    chunks = [json.loads(line[6:]) for line in lines if line and line != "data: [DONE]"]
    assert [chunk["choices"][0]["text"] for chunk in chunks[:-1]] == [" time", ""]
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["usage"]["prompt_tokens"] == 3
    assert lines[-2] == "data: [DONE]"


@pytest.mark.parametrize(
    "fields", [{"prompt": ["a", "b"]}, {"prompt": [1, 2]}, {"prompt": None}, {"suffix": "the end"}]
)
def test_what_a_talk_cannot_do_is_refused(fields: dict[str, Any]):
    with pytest.raises(BadRequest) as told:
        translation(**fields)
    assert told.value.param in fields


def test_what_has_no_place_is_told():
    call = call_of(b'{"model":"m","prompt":"x","logprobs":2,"echo":true,"best_of":3}', COMPLETIONS)
    Translation(call, WIRES[COMPLETIONS], "openai.chat", "m")
    assert sorted(warning.split(" ")[0] for warning in call.warnings) == ["best_of", "echo", "logprobs"]
