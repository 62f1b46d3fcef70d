"""The tools whose results a request brings, by name, on every wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.wire.tool_results import tools_of_results
from tests.wire.calls import call_of

ASKED = {"role": "user", "content": "weather?"}
CHAT_CALL = {"id": "c1", "type": "function", "function": {"name": "fetch", "arguments": "{}"}}
BODIES: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": [
        ASKED, {"role": "assistant", "content": None, "tool_calls": [CHAT_CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
    ]},
    "/v1/messages": {"max_tokens": 5, "messages": [
        ASKED, {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "fetch", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "sunny"}]},
    ]},
    "/v1/responses": {"input": [
        ASKED, {"type": "function_call", "call_id": "c1", "name": "fetch", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "sunny"},
    ]},
}  # fmt: skip


@pytest.mark.parametrize("path", BODIES)
def test_results_are_named_after_their_calls(path: str) -> None:
    body = {"model": "m", **BODIES[path]}

    assert tools_of_results(call_of(json.dumps(body).encode(), path)) == {"fetch"}


def test_a_request_without_results_brings_none() -> None:
    assert tools_of_results(call_of(json.dumps({"model": "m", "messages": [ASKED]}).encode())) == set()
    offered = {
        "model": "m",
        "messages": [ASKED],
        "tools": [{"type": "function", "function": {"name": "fetch"}}],
    }
    assert tools_of_results(call_of(json.dumps(offered).encode())) == set()
