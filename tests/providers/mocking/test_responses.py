"""The mock's responses: as its chat completions, whole and streamed, for whatever the SDK may ask."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.responses import Response

from headgate.providers.mocking.request import Refused, read
from headgate.providers.mocking.responses import MODEL, events, response
from headgate.wire.responses.events import from_stream

TOOL: dict[str, Any] = {
    "type": "function",
    "name": "look",
    "strict": True,
    "parameters": {"type": "object", "properties": {"at": {"type": "string"}}},
}


def whole(**fields: Any) -> Response:
    return Response.model_validate(response(read(json.dumps(fields).encode())))


def streamed(**fields: Any) -> Response:
    made = events(read(json.dumps(fields | {"stream": True}).encode()))
    assert len(made) > 3
    body = from_stream(b"".join(made))
    assert body is not None
    return Response.model_validate_json(body)


@pytest.mark.parametrize(
    "fields",
    [
        {"input": "hello there"},
        {"input": "hi", "tools": [TOOL], "tool_choice": "required"},
        {
            "input": "hi",
            "text": {
                "format": {"type": "json_schema", "name": "a", "schema": TOOL["parameters"], "strict": True}
            },
        },
    ],
)
def test_streams_say_what_whole_answers_say(fields: dict[str, Any]):
    one, other = whole(model="gpt-4o", **fields), streamed(model="gpt-4o", **fields)
    assert one.output_text == other.output_text
    assert [getattr(item, "arguments", None) for item in one.output] == [
        getattr(item, "arguments", None) for item in other.output
    ]
    assert one.usage == other.usage and one.usage is not None and one.usage.output_tokens > 0


def test_a_request_that_says_nothing_is_answered():
    assert whole().model == MODEL
    assert whole().output_text


def test_what_the_mock_does_not_keep_is_echoed():
    told = whole(
        model="m",
        background=True,
        conversation="conv_1",
        previous_response_id="resp_1",
        tools=[{"type": "web_search"}],
    )
    assert told.background and told.conversation is not None and told.conversation.id == "conv_1"
    assert told.previous_response_id == "resp_1" and told.status == "completed"


def test_a_request_that_is_wrong_is_refused():
    with pytest.raises(Refused) as refused:
        whole(model="m", text={"format": {"type": "xml"}})
    assert refused.value.param == "text.format.type"
