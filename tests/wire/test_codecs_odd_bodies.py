"""Bodies that nobody would send on purpose are refused with a word or read as far as they go; they break nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.call.call import Wire
from headgate.kernel.errors import BadRequest, ProviderError
from headgate.wire.codec import Fates
from headgate.wire.codecs import CODECS
from tests.wire.neutral_forms import ANSWERS, ASKED, stream_of

READING: tuple[Wire, ...] = ("openai.chat", "anthropic.messages", "openai.responses", "google.generate")
WRITING: tuple[Wire, ...] = (*READING, "bedrock.converse")
WORDS = st.sampled_from([
    "text", "type", "role", "content", "user", "assistant", "tool", "tool_use", "tool_result", "image", "image_url", "source",
    "url", "base64", "data", "media_type", "function", "name", "arguments", "id", "input", "tool_calls", "thinking", "signature",
    "cache_control", "model", "parts", "functionCall", "args", "inlineData", "mimeType", "input_text", "output", "call_id",
    "index", "delta", "choices", "usage", "prompt_tokens", "stop_reason", "error", "message", "message_start",
    "content_block_start", "content_block_delta", "text_delta", "input_json_delta", "partial_json", "candidates",
])  # fmt: skip
PIXEL = "data:image/png;base64,AAAA"
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}}
# requests that use most of what each format knows
RICH: dict[Wire, Any] = {
    "openai.chat": {
        "model": "m",
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": PIXEL}}]},
            {"role": "assistant", "content": None, "reasoning_content": "hm", "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            ]},
            {"role": "tool", "tool_call_id": "c", "content": "1"},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}},
        "stop": ["x"], "max_tokens": 5, "temperature": 1, "reasoning_effort": "low", "stream_options": {"include_usage": True},
    },
    "anthropic.messages": {
        "model": "m", "max_tokens": 5000, "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "a"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA"}},
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "d"}, "title": "t"},
            ]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "tool_use", "id": "t", "name": "f", "input": {}},
            ]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "1", "is_error": True}]},
        ],
        "tools": [{"name": "f", "input_schema": SCHEMA}], "tool_choice": {"type": "tool", "name": "f"},
        "thinking": {"type": "enabled", "budget_tokens": 2000}, "output_config": {"effort": "low"}, "metadata": {"user_id": "u"},
    },
    "openai.responses": {
        "model": "m", "instructions": "be brief",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "input_image", "image_url": PIXEL}]},
            {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "e"},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "1"},
        ],
        "tools": [{"type": "function", "name": "f", "parameters": SCHEMA}], "tool_choice": {"type": "function", "name": "f"},
        "text": {"format": {"type": "json_schema", "name": "a", "schema": SCHEMA}}, "reasoning": {"effort": "low"},
    },
    "google.generate": {
        "model": "m", "systemInstruction": {"parts": [{"text": "s"}]},
        "contents": [
            {"role": "user", "parts": [{"text": "a"}, {"inlineData": {"mimeType": "image/png", "data": "AA"}}]},
            {"role": "model", "parts": [{"text": "hm", "thought": True}, {"functionCall": {"name": "f", "args": {}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"output": "1"}}}]},
        ],
        "tools": [{"functionDeclarations": [{"name": "f", "parameters": SCHEMA}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {"responseSchema": SCHEMA, "maxOutputTokens": 5, "thinkingConfig": {"thinkingBudget": 1000}},
    },
}  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | WORDS
)
ODD = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


def places(tree: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a tree but its root."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [place for key, value in inner for place in ((*at, key), *places(value, (*at, key)))]


def put(tree: Any, place: tuple[Any, ...], value: Any) -> None:
    for key in place[:-1]:
        tree = tree[key]
    tree[place[-1]] = value


def disturbed(data: st.DataObject, tree: Any) -> bytes:
    """`tree` with something odd in a place or two."""
    whole = {"root": json.loads(json.dumps(tree))}
    for _ in range(data.draw(st.integers(1, 2))):
        found = places(whole)
        put(whole, data.draw(st.sampled_from(found)), data.draw(ODD))
    return json.dumps(whole["root"]).encode()


@pytest.mark.parametrize("client", READING)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_request_is_read_or_refused(client: Wire, data: st.DataObject):
    body = disturbed(data, RICH[client])
    try:
        CODECS[client].read_request(body)
    except BadRequest:
        return
    for upstream in WRITING:
        try:  # each with its own reading: a writer may take the request apart
            json.loads(CODECS[upstream].write_request(CODECS[client].read_request(body), "m", Fates()))
        except BadRequest:
            continue


@pytest.mark.parametrize("wire", READING)
@pytest.mark.parametrize("name", ["parallel calls", "thoughts"])
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_an_answer_is_read_or_told_to_be_none(wire: Wire, name: str, data: st.DataObject):
    codec = CODECS[wire]
    body = disturbed(data, json.loads(codec.write_reply(ANSWERS[name], ASKED)))
    try:
        reply = codec.read_reply(body)
    except ValueError:
        return
    for client in READING:
        json.loads(CODECS[client].write_reply(reply, ASKED))


@pytest.mark.parametrize("wire", READING)
@pytest.mark.parametrize("name", ["parallel calls", "thoughts"])
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_stream_is_read_as_far_as_it_goes(wire: Wire, name: str, data: st.DataObject):
    events = stream_of(wire, ANSWERS[name]).split(b"\n\n")
    at = data.draw(st.integers(0, len(events) - 1))
    head, mark, told = events[at].partition(b"data: ")
    if mark and told.startswith(b"{"):
        events[at] = head + mark + disturbed(data, json.loads(told))
    for client in READING:
        reader, writer = CODECS[wire].stream_reader(), CODECS[client].stream_writer(ASKED)
        try:
            writer.write(reader.feed(b"\n\n".join(events)))
            writer.write(reader.finish())
            writer.finish()
        except ProviderError:
            continue
