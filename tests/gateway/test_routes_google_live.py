"""Google's API in a whole gateway, asked by Google's own SDK, of models that other formats speak."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from google import genai
from google.genai import types

from tests.gateway.conftest import Running

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
PATH = "/v1beta/models/gpt-4o:streamGenerateContent"
ASK: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}


def sdk(running: Running) -> Any:
    options = types.HttpOptions(
        base_url=f"http://127.0.0.1:{running.port}", retry_options=types.HttpRetryOptions(attempts=1)
    )
    return genai.Client(api_key="any", vertexai=False, http_options=options)


async def away(work: Callable[[], Any]) -> Any:
    """The SDK blocks: it works in a thread, while the gateway serves here."""
    return await asyncio.to_thread(work)


async def test_whole_and_streamed_answers_say_the_same(running: Running) -> None:
    client = sdk(running)  # it closes when nobody holds it
    models = client.models
    whole = await away(lambda: models.generate_content(model="gpt-4o", contents="hello"))
    chunks = await away(lambda: list(models.generate_content_stream(model="gpt-4o", contents="hello")))

    assert whole.text and whole.text == "".join(chunk.text or "" for chunk in chunks)
    assert len(chunks) > 3
    assert chunks[-1].usage_metadata.prompt_token_count == whole.usage_metadata.prompt_token_count > 0
    assert [run["completionTokens"] for run in await running.runs()] == [
        whole.usage_metadata.candidates_token_count
    ] * 2


async def test_tools_and_structured_output(running: Running) -> None:
    declared = types.FunctionDeclaration(name="look", parameters_json_schema=SCHEMA)
    calling = types.FunctionCallingConfig(mode=types.FunctionCallingConfigMode.ANY)
    with_tools = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[declared])], tool_config=types.ToolConfig(function_calling_config=calling),
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )  # fmt: skip
    formed = types.GenerateContentConfig(response_mime_type="application/json", response_json_schema=SCHEMA)
    client = sdk(running)  # it closes when nobody holds it
    models = client.models
    called = await away(lambda: models.generate_content(model="gpt-4o", contents="hi", config=with_tools))
    told = await away(lambda: models.generate_content(model="gpt-4o", contents="hi", config=formed))

    assert [call.name for call in called.function_calls] == ["look"]
    assert set(json.loads(told.text)) == {"name"}


async def test_tokens_are_counted_and_the_count_is_said_to_be_an_estimate(running: Running) -> None:
    client = sdk(running)
    counted = await away(lambda: client.models.count_tokens(model="gpt-4o", contents="hello there"))
    plain = await running.ask(ASK, path="/v1beta/models/gpt-4o:countTokens")

    assert counted.total_tokens > 0
    assert plain.json["totalTokens"] > 0 and "estimate" in plain.headers["x-headgate-warnings"]


async def test_without_alt_sse_a_stream_is_an_array_live_and_kept(running: Running) -> None:
    body = ASK | {"generationConfig": {"temperature": 0}}
    live = await running.ask(body, path=PATH)
    kept = await running.ask(body, path=PATH)
    events = await running.ask(body, path=f"{PATH}?alt=sse")

    assert live.headers["content-type"] == kept.headers["content-type"] == "application/json"
    assert kept.headers["x-headgate-cache"] == "hit"
    said = [
        "".join(_texts(each))
        for each in (
            live.json,
            kept.json,
            [json.loads(line[6:]) for line in events.body.split(b"\n\n") if line],
        )
    ]
    assert said[0] and said[0] == said[1] == said[2]
    assert kept.json[-1]["candidates"][0]["finishReason"] == "STOP"


async def test_what_google_alone_knows_is_told_as_dropped(running: Running) -> None:
    body = ASK | {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]}
    answer = await running.ask(body, path="/v1beta/models/gpt-4o:generateContent")

    assert answer.status == 200
    assert "safetySettings was dropped" in answer.headers["x-headgate-warnings"]


def _texts(chunks: list[Any]) -> list[str]:
    return [
        part.get("text", "")
        for chunk in chunks
        for each in chunk["candidates"]
        for part in each["content"]["parts"]
    ]
