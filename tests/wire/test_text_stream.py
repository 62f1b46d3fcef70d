"""Text completions as streams and back."""

from __future__ import annotations

import json

import pytest
from openai.types import Completion

from headgate.wire.text_stream import from_stream, to_stream
from tests.wire.bodies import TEXT_BODIES
from tests.wire.calls import COMPLETIONS, call_of

ASKS = call_of(
    b'{"model":"m","prompt":"x","stream":true,"stream_options":{"include_usage":true}}', COMPLETIONS
)
DOES_NOT_ASK = call_of(b'{"model":"m","prompt":"x","stream":true}', COMPLETIONS)


@pytest.mark.parametrize("name", TEXT_BODIES)
def test_a_body_comes_back_from_its_stream(name: str) -> None:
    body = TEXT_BODIES[name]
    events = to_stream(json.dumps(body).encode(), ASKS)
    whole = from_stream(b"".join(events))
    assert whole is not None
    assert json.loads(whole) == body
    Completion.model_validate_json(whole)


@pytest.mark.parametrize("name", TEXT_BODIES)
def test_the_texts_of_the_chunks_are_the_text(name: str) -> None:
    body = TEXT_BODIES[name]
    events = to_stream(json.dumps(body).encode(), DOES_NOT_ASK)
    assert events[-1] == b"data: [DONE]\n\n"
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in events[:-1]]
    assert all("usage" not in chunk for chunk in chunks)
    for choice in body["choices"]:
        parts = [part for chunk in chunks for part in chunk["choices"] if part["index"] == choice["index"]]
        assert "".join(part["text"] for part in parts) == choice["text"]
        assert [part["finish_reason"] for part in parts] == [None] * (len(parts) - 1) + [
            choice["finish_reason"]
        ]


def test_an_incomplete_stream_is_no_body() -> None:
    assert from_stream(b'data: {"choices":[{"text":"a","index":0,"finish_reason":null}]}\n\n') is None
