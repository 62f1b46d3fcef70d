"""What a messages request says in the neutral form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.kernel.errors import BadRequest
from headgate.wire.anthropic.reading import read_request
from headgate.wire.neutral import (
    CacheMark,
    Message,
    Opaque,
    OutputFormat,
    Request,
    Text,
    ThinkingWish,
    Tool,
    ToolChoice,
)


def read(**fields: Any) -> Request:
    base = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
    return read_request(json.dumps(base | fields).encode())


def test_the_system_stands_first():
    assert read(system="be brief").messages[0] == Message("system", [Text("be brief")])


def test_every_field_has_its_place():
    request = read(
        stream=True, stop_sequences=["x"], temperature=0.5, top_p=0.9, top_k=3, metadata={"user_id": "u"},
        service_tier="auto", cache_control={"type": "ephemeral"},
        output_config={"effort": "low", "format": {"type": "json_schema", "schema": {"a": 1}}},
        tools=[{"name": "f", "input_schema": {"type": "object"}, "strict": True}, {"type": "bash_20250124", "name": "bash"}],
        tool_choice={"type": "tool", "name": "f", "disable_parallel_tool_use": True},
    )  # fmt: skip
    assert (request.stream, request.max_tokens, request.stop, request.top_k, request.user) == (
        True,
        5,
        ["x"],
        3,
        "u",
    )
    assert request.cache == CacheMark() and request.thinking == ThinkingWish(effort="low")
    assert request.output == OutputFormat("schema", {"a": 1})
    assert request.tools == [
        Tool("f", schema={"type": "object"}, strict=True),
        Opaque("anthropic", "bash_20250124", {"type": "bash_20250124", "name": "bash"}),
    ]
    assert request.tool_choice == ToolChoice("tool", "f") and request.parallel_tools is False
    assert request.extra == {} and request.lost == []


@pytest.mark.parametrize(
    ("thinking", "wish"),
    [
        ({"type": "enabled", "budget_tokens": 2000}, ThinkingWish("on", 2000)),
        ({"type": "adaptive", "display": "omitted"}, ThinkingWish("adaptive", show="none")),
        ({"type": "adaptive", "display": "summarized"}, ThinkingWish("adaptive", show="summary")),
        ({"type": "disabled"}, ThinkingWish("off")),
    ],
)
def test_ways_of_thinking(thinking: dict[str, Any], wish: ThinkingWish):
    assert read(thinking=thinking).thinking == wish


def test_what_only_this_vendor_knows_is_kept_by_name_or_told():
    assert read(container="c", speed="fast").extra == {"container": "c", "speed": "fast"}
    assert read(speed="standard").extra == {}
    assert read(tools=[{"name": "f", "defer_loading": True}]).lost == ["tools[].defer_loading"]
    assert read(thinking={"type": "between_tools"}).lost == ["thinking.type between_tools"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "messages[0].content[0].source"),
        ({"tool_choice": {"type": "some"}}, "tool_choice.type"),
        ({"output_config": {"effort": "huge"}}, "output_config.effort"),
        ({"stop_sequences": "x"}, "stop_sequences"),
    ],
)
def test_what_cannot_be_read_is_named(fields: dict[str, Any], param: str):
    with pytest.raises(BadRequest) as told:
        read(**fields)
    assert told.value.param == param
