"""The mock provider behind the openai SDK, and its face towards dispatch."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest
from openai import BadRequestError, OpenAI

from headgate.providers.mock import MODEL_IDS, MockProvider, MockReply, is_heavy
from headgate.providers.upstream import UpstreamFailure
from headgate.wire.spec import WIRES
from tests.providers.mocking.asking import TIME, WEATHER
from tests.wire.calls import call_of

MESSAGES: Any = [{"role": "user", "content": "What is the weather in Paris, and what time is it?"}]
TOOLS: Any = [WEATHER, TIME]


@pytest.fixture
def sdk() -> OpenAI:
    """The SDK, whose requests pass the wires as in the gateway and are answered by the mock."""
    mock = MockProvider()

    def answer(request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if request.method == "GET":
            return response_of(mock.answer(path, b""))
        call = call_of(request.content, path)
        reply = mock.answer(path, WIRES[path].upstream_body(call))
        if reply.ended:
            return response_of(reply)
        make = WIRES[path].watch
        assert make is not None
        watch = make(call)
        stream = watch.feed(asyncio.run(reply.read(10**8))) + watch.finish()
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream)

    return OpenAI(
        api_key="x",
        base_url="http://mock/v1",
        http_client=httpx2.Client(transport=httpx2.MockTransport(answer)),
        max_retries=0,
    )


def response_of(reply: MockReply) -> httpx2.Response:
    return httpx2.Response(
        reply.status, headers=[(k.decode(), v.decode()) for k, v in reply.headers], content=reply.body
    )


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"tools": TOOLS},
        {"n": 2, "logprobs": True, "top_logprobs": 2},
        {"max_tokens": 4},
        {"response_format": {"type": "json_object"}},
        {"seed": 3},
    ],
)
def test_a_stream_read_through_the_sdk_equals_the_whole_answer(sdk: OpenAI, fields: dict[str, Any]) -> None:
    whole = sdk.chat.completions.create(model="gpt-4o", messages=MESSAGES, **fields)
    with sdk.chat.completions.stream(
        model="gpt-4o", messages=MESSAGES, stream_options={"include_usage": True}, **fields
    ) as stream:
        stream.until_done()
        read: Any = stream.current_completion_snapshot.model_dump(exclude_none=True)
    expected = whole.model_dump(exclude_none=True)
    for choice in (*read["choices"], *expected["choices"]):
        choice["message"].pop("annotations", None)  # the stream has no annotations to send
        choice["message"].pop("parsed", None)
        for call in choice["message"].get("tool_calls", ()):
            call.pop("index", None)
            call["function"].pop("parsed_arguments", None)
    assert read == expected


def test_usage_is_hidden_from_a_client_who_did_not_ask(sdk: OpenAI) -> None:
    chunks = list(sdk.chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=True))
    assert all("usage" not in chunk.model_fields_set and chunk.choices for chunk in chunks)
    asked = list(
        sdk.chat.completions.create(
            model="gpt-4o", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        )
    )
    assert asked[-1].usage is not None
    assert asked[-1].choices == []
    assert [chunk.choices for chunk in asked[:-1]] == [chunk.choices for chunk in chunks]


def test_text_completions_stream_what_they_say(sdk: OpenAI) -> None:
    whole = sdk.completions.create(model="m", prompt="Once", max_tokens=30)
    chunks = list(sdk.completions.create(model="m", prompt="Once", max_tokens=30, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole.choices[0].text
    assert chunks[-1].choices[0].finish_reason == whole.choices[0].finish_reason


def test_embeddings_come_as_floats_through_the_sdks_base64(sdk: OpenAI) -> None:
    by_base64 = sdk.embeddings.create(model="e", input=["a", "b"], dimensions=5)
    by_floats = sdk.embeddings.create(model="e", input=["a", "b"], dimensions=5, encoding_format="float")
    assert by_base64.data == by_floats.data


def test_models_are_listed_and_any_model_is_known(sdk: OpenAI) -> None:
    assert [model.id for model in sdk.models.list()] == list(MODEL_IDS)
    assert sdk.models.retrieve("ft:any/thing").id == "ft:any/thing"


def test_a_refusal_names_the_field(sdk: OpenAI) -> None:
    with pytest.raises(BadRequestError) as refusal:
        sdk.chat.completions.create(model="m", messages=MESSAGES, n="many")  # type: ignore[call-overload]
    assert refusal.value.param == "n"


def test_the_same_request_gives_the_same_bytes() -> None:
    body = json.dumps({"model": "m", "messages": MESSAGES, "tools": TOOLS}).encode()
    assert (
        MockProvider().answer("/v1/chat/completions", body).body
        == MockProvider().answer("/v1/chat/completions", body).body
    )


def stream_body(**fields: Any) -> bytes:
    return json.dumps({"model": "m", "messages": MESSAGES, "stream": True} | fields).encode()


async def test_a_stream_without_pauses_is_one_chunk_and_with_pauses_one_for_each_event() -> None:
    burst = [chunk async for chunk in await MockProvider().send("/v1/chat/completions", stream_body())]
    paced = [
        chunk
        async for chunk in await MockProvider(latency_ms=1, chunk_ms=0.01).send(
            "/v1/chat/completions", stream_body()
        )
    ]
    assert len(burst) == 1
    assert len(paced) > 10
    assert b"".join(paced) == burst[0]
    assert burst[0].endswith(b"data: [DONE]\n\n")


async def test_a_reply_has_the_face_of_an_upstream_reply() -> None:
    whole = await MockProvider().send(
        "/v1/chat/completions", json.dumps({"model": "m", "messages": MESSAGES}).encode()
    )
    assert (whole.status, whole.ended, whole.header(b"content-type"), whole.header(b"x-none")) == (
        200,
        True,
        b"application/json",
        None,
    )
    assert await whole.read(10**6) == whole.body
    with pytest.raises(UpstreamFailure):
        await whole.read(10)
    stream = await MockProvider(chunk_ms=0.01).send("/v1/chat/completions", stream_body())
    assert (stream.body, stream.ended) == (b"", False)
    await anext(aiter(stream))
    stream.cancel()
    assert [chunk async for chunk in stream] == []
    assert stream.ended


@pytest.mark.parametrize(
    ("fields", "heavy"),
    [
        ({"messages": MESSAGES}, False),
        ({"messages": MESSAGES, "n": 2}, False),
        ({"messages": MESSAGES, "n": 9}, True),
        ({"input": ["a"] * 9}, True),
        ({"input": "a" * 9}, False),
        ({"input": "a" * 99_999}, True),
        ({"messages": MESSAGES, "tools": TOOLS}, True),
        ({"n": "odd"}, False),
    ],
)
async def test_what_takes_long_to_make_is_made_beside_the_event_loop(
    fields: dict[str, Any], heavy: bool
) -> None:
    body = json.dumps({"model": "m"} | fields).encode()
    assert is_heavy(body) is heavy
    path = "/v1/embeddings" if "input" in fields else "/v1/chat/completions"
    assert (await MockProvider().send(path, body)).body == MockProvider().answer(path, body).body


async def test_an_unknown_path_is_404_and_broken_json_400() -> None:
    assert (await MockProvider().send("/v1/images", b"{}")).status == 404
    assert (await MockProvider().send("/v1/chat/completions", b"{")).status == 400
