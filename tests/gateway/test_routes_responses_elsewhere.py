"""A talk that goes on with another provider: who keeps it gets its id, everyone else gets all of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.gateway.conftest import Running, serving
from tools.rig.vendors.process import Vendors

OPENAI, CLAUDE = "openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5"


@pytest.fixture
async def talking(tmp_path: Path) -> AsyncIterator[tuple[Running, Vendors]]:
    """A gateway in front of an upstream that speaks as OpenAI and as Anthropic."""
    with Vendors(tmp_path / "vendors.log") as vendors:
        settings = {
            "openai_api_key": "sk-test", "openai_base_url": f"{vendors.url}/v1", "anthropic_api_key": "sk-ant-test",
            "anthropic_base_url": vendors.url,
        }  # fmt: skip
        async with serving(tmp_path / "data", **settings) as running:
            yield running, vendors


async def respond(running: Running, model: str, text: str, **more: Any) -> Any:
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{running.port}/v1", api_key="any", max_retries=0)
    return await asyncio.to_thread(lambda: client.responses.create(model=model, input=text, **more))


def last_asked(vendors: Vendors) -> tuple[str, Any]:
    seen = vendors.seen()[-1]
    return seen["path"], json.loads(seen["body"])


async def test_who_keeps_the_talk_gets_its_id(talking: tuple[Running, Vendors]) -> None:
    running, vendors = talking
    first = await respond(running, OPENAI, "my name is Ann")
    await respond(running, OPENAI, "what is it?", previous_response_id=first.id)

    path, body = await asyncio.to_thread(last_asked, vendors)
    assert path == "/v1/responses"
    assert (body["previous_response_id"], body["input"]) == (first.id, "what is it?")


async def test_another_provider_gets_all_of_it(talking: tuple[Running, Vendors]) -> None:
    running, vendors = talking
    first = await respond(running, OPENAI, "my name is Ann")
    second = await respond(running, CLAUDE, "what is it?", previous_response_id=first.id)

    path, body = await asyncio.to_thread(last_asked, vendors)
    assert path == "/v1/messages"
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    assert "Ann" in json.dumps(body["messages"][0]) and second.output_text

    await respond(running, OPENAI, "and now?", previous_response_id=second.id)
    path, body = await asyncio.to_thread(last_asked, vendors)
    assert path == "/v1/responses" and "previous_response_id" not in body
    assert len(body["input"]) == 5 and "Ann" in json.dumps(body["input"][0])


async def test_an_id_that_nobody_here_made_is_an_error_elsewhere_and_the_makers_to_judge(
    talking: tuple[Running, Vendors],
) -> None:
    running, vendors = talking
    with pytest.raises(openai.BadRequestError) as told:
        await respond(running, CLAUDE, "so?", previous_response_id="resp_unknown")
    assert told.value.code == "previous_response_not_found"

    await respond(running, OPENAI, "so?", previous_response_id="resp_unknown")
    _, body = await asyncio.to_thread(last_asked, vendors)
    assert body["previous_response_id"] == "resp_unknown"
