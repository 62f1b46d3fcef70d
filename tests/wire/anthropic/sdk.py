"""What the official SDK makes of an answer, without a network."""

from __future__ import annotations

from typing import Any

import httpx2
from anthropic import Anthropic


def client_of(answer: httpx2.Response) -> Anthropic:
    transport = httpx2.MockTransport(lambda _: answer)
    return Anthropic(
        api_key="key",
        base_url="http://sdk.invalid",
        http_client=httpx2.Client(transport=transport),
        max_retries=0,
    )


def streamed(stream: bytes, *, beta: bool = False) -> tuple[dict[str, Any], list[str]]:
    """The final message and the types of all events that the SDK's stream helper tells of."""
    answer = httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream)
    client = client_of(answer)
    resource: Any = client.beta.messages if beta else client.messages
    asked = {"model": "claude-sonnet-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    with resource.stream(**asked) as events:
        kinds = [event.type for event in events]
        return events.get_final_message().to_dict(), kinds


def whole(body: bytes) -> dict[str, Any]:
    """The message that the SDK reads from a whole answer."""
    answer = httpx2.Response(200, headers={"content-type": "application/json"}, content=body)
    asked: Any = {
        "model": "claude-sonnet-5",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}],
    }
    return client_of(answer).messages.create(**asked).to_dict()
