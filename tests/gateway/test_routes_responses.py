"""`/v1/responses` in a whole gateway, asked by OpenAI's own SDK: plain, streams, tools, structured output, talks, the cache."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import openai
import pytest

from tests.gateway.conftest import Running

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}
TOOL: Any = {"type": "function", "name": "look", "parameters": SCHEMA, "strict": True}


def sdk(running: Running, **headers: str) -> openai.OpenAI:
    url = f"http://127.0.0.1:{running.port}/v1"
    return openai.OpenAI(base_url=url, api_key="any", max_retries=0, default_headers=headers)


async def away(work: Callable[[], Any]) -> Any:
    """The SDK blocks: it works in a thread, while the gateway serves here."""
    return await asyncio.to_thread(work)


async def test_a_whole_answer(running: Running) -> None:
    made = await away(lambda: sdk(running).responses.create(model="gpt-4o", input="hello"))

    assert made.status == "completed" and made.output_text
    run = (await running.runs())[0]
    assert run["status"] == "completed" and run["promptTokens"] == made.usage.input_tokens


async def test_a_stream_says_the_same(running: Running) -> None:
    def ask() -> tuple[str, Any]:
        with sdk(running).responses.stream(model="gpt-4o", input="hello") as events:
            text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
            return text, events.get_final_response()

    text, final = await away(ask)
    whole = await away(lambda: sdk(running).responses.create(model="gpt-4o", input="hello"))
    assert text == final.output_text == whole.output_text
    assert [run["completionTokens"] > 0 for run in await running.runs()] == [True, True]


async def test_tools_and_structured_output(running: Running) -> None:
    calling = await away(
        lambda: sdk(running).responses.create(
            model="gpt-4o", input="hi", tools=[TOOL], tool_choice="required"
        )
    )
    form: Any = {"format": {"type": "json_schema", "name": "person", "schema": SCHEMA, "strict": True}}
    formed = await away(lambda: sdk(running).responses.create(model="gpt-4o", input="hi", text=form))

    assert [item.name for item in calling.output if item.type == "function_call"] == ["look"]
    assert set(json.loads(formed.output_text)) == {"name"}


@pytest.mark.parametrize("stream", [False, True])
async def test_a_talk_goes_on_from_a_kept_response(running: Running, stream: bool) -> None:
    def first() -> Any:
        if not stream:
            return sdk(running).responses.create(
                model="gpt-4o", input="my name is Ann, and I like long walks by the sea"
            )
        with sdk(running).responses.stream(
            model="gpt-4o", input="my name is Ann, and I like long walks by the sea"
        ) as events:
            return events.get_final_response()

    one = await away(first)
    two = await away(
        lambda: sdk(running).responses.create(model="gpt-4o", input="so?", previous_response_id=one.id)
    )
    alone = await away(lambda: sdk(running).responses.create(model="gpt-4o", input="so?"))
    items = await away(lambda: list(sdk(running).responses.input_items.list(two.id, order="asc")))

    assert two.usage.input_tokens > alone.usage.input_tokens + 10
    assert [getattr(item, "role", "") for item in items] == ["user", "assistant", "user"]


async def test_a_response_is_read_again_and_deleted(running: Running) -> None:
    client = sdk(running)
    made = await away(lambda: client.responses.create(model="gpt-4o", input="hello"))
    again = await away(lambda: client.responses.retrieve(made.id))
    await away(lambda: client.responses.delete(made.id))

    assert again == made
    with pytest.raises(openai.NotFoundError):
        await away(lambda: client.responses.retrieve(made.id))
    with pytest.raises(openai.BadRequestError, match="not found") as told:
        await away(lambda: client.responses.create(model="gpt-4o", input="so?", previous_response_id=made.id))
    assert told.value.code == "previous_response_not_found"


async def test_what_must_not_be_kept_is_not_gone_on_from(running: Running) -> None:
    client = sdk(running)
    made = await away(lambda: client.responses.create(model="gpt-4o", input="hello", store=False))

    with pytest.raises(openai.NotFoundError):
        await away(lambda: client.responses.retrieve(made.id))


async def test_nobody_goes_on_from_the_talk_of_another_subject(running: Running) -> None:
    ann, bob = sdk(running, **{"x-punk-subject": "ann"}), sdk(running, **{"x-punk-subject": "bob"})
    made = await away(lambda: ann.responses.create(model="gpt-4o", input="hello"))

    with pytest.raises(openai.BadRequestError):
        await away(lambda: bob.responses.create(model="gpt-4o", input="so?", previous_response_id=made.id))
    assert await away(lambda: ann.responses.create(model="gpt-4o", input="so?", previous_response_id=made.id))


async def test_a_kept_answer_comes_from_the_cache_whole_and_streamed(running: Running) -> None:
    client = sdk(running)
    live = await away(lambda: client.responses.create(model="gpt-4o", input="hello", temperature=0))

    def ask() -> Any:
        with client.responses.stream(model="gpt-4o", input="hello", temperature=0) as events:
            return events.get_final_response()

    streamed = await away(ask)
    whole = await away(lambda: client.responses.create(model="gpt-4o", input="hello", temperature=0))
    assert streamed.output_text == whole.output_text == live.output_text
    assert [run["route"] for run in await running.runs()] == ["exact_cache", "exact_cache", "live"]


async def test_errors_are_openais(running: Running) -> None:
    with pytest.raises(openai.BadRequestError) as told:
        await away(lambda: sdk(running).responses.create(model="gpt-4o", input=7))  # type: ignore[call-overload]  # that is the mistake
    assert told.value.param == "input"
