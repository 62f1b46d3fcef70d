"""Switching modules on in a running gateway, and asking it in both ways."""

from __future__ import annotations

import json
from typing import Any

from tests.gateway.conftest import Running
from tests.gateway.http import Answer, chat

BOTH = ({}, {"stream": True})  # plain and streamed


async def switch(gateway: Running, name: str, *, enabled: bool = True, **config: Any) -> None:
    """Through the API: it holds from the next call on."""
    body = {"enabled": enabled, "config": config}
    answer = await gateway.ask(body, path=f"/api/proxy/modules/{name}", method="PUT")
    assert answer.status == 200, answer.body


async def say(
    gateway: Running, text: str = "hello", *, headers: dict[str, str] | None = None, **more: Any
) -> Answer:
    """One chat call."""
    return await gateway.ask(chat(text, **more), headers=headers)


async def run_of(gateway: Running, answer: Answer) -> dict[str, Any]:
    return await gateway.run(answer.run_id)


async def sent(gateway: Running, answer: Answer) -> dict[str, Any]:
    """The body that went to the model."""
    return (await run_of(gateway, answer))["request"]


async def told(gateway: Running, answer: Answer, name: str) -> Any:
    """What the run explains under `name`."""
    return (await run_of(gateway, answer))["routeExplanation"].get(name)


def spoken(answer: Answer) -> str:
    """What a chat answer says, plain or streamed."""
    if not answer.headers["content-type"].startswith("text/event-stream"):
        return answer.json["choices"][0]["message"]["content"]
    data = [line[6:] for line in answer.body.decode().split("\n") if line.startswith("data: {")]
    choices = [choice for each in data for choice in json.loads(each)["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)
