"""Tools that may not be used are refused or taken out of the request, and never reach the client when a model calls them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.conftest import Running
from tests.modules.live import BOTH, say, sent, switch, told


def tool(name: str) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": name, "parameters": {"type": "object", "properties": {}}},
    }


TOOLS = [tool("get_weather"), tool("delete_account")]


@pytest.mark.parametrize("how", BOTH)
async def test_a_request_that_offers_one_is_refused(running: Running, how: dict[str, Any]) -> None:
    await switch(running, "toolshield", blocked_tools=["delete_*"])
    answer = await say(running, tools=TOOLS, **how)
    assert (answer.status, answer.json["error"]["code"], answer.json["error"]["tools"]) == (
        403,
        "tool_refused",
        ["delete_account"],
    )
    assert (await say(running, tools=TOOLS[:1], **how)).status == 200
    await switch(running, "toolshield", tools=["other"])
    assert (await say(running, tools=TOOLS[:1], **how)).status == 403


@pytest.mark.parametrize("how", BOTH)
async def test_a_tool_can_be_taken_out_of_the_request(running: Running, how: dict[str, Any]) -> None:
    await switch(running, "toolshield", deny=["delete_*"], on_request="remove")
    answer = await say(running, tools=TOOLS, **how)
    assert (await sent(running, answer))["tools"] == TOOLS[:1]
    assert "delete_account" in answer.headers["x-headgate-warnings"]
    body = await sent(running, await say(running, tools=TOOLS[1:], tool_choice="auto", **how))
    assert "tools" not in body and "tool_choice" not in body


@pytest.mark.parametrize("how", BOTH)
async def test_a_call_of_one_does_not_reach_the_client(running: Running, how: dict[str, Any]) -> None:
    choice = {"type": "function", "function": {"name": "delete_account"}}
    await switch(running, "toolshield", deny=["delete_*"], on_request="flag")
    answer = await say(running, tools=TOOLS, tool_choice=choice, **how)
    assert b"tool_refused" in answer.body and b"tool_calls" not in answer.body
    assert (await told(running, answer, "toolshield"))["called"] == {"delete_account": "denied by delete_*"}
    await switch(running, "toolshield", deny=["delete_*"], on_request="flag", on_answer="flag")
    answer = await say(running, tools=TOOLS, tool_choice=choice, **how)
    assert answer.status == 200 and b"tool_calls" in answer.body
