"""Usage, ends and tools of responses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.call.frames import Usage
from headgate.wire.responses.facts import read_reply, read_response, read_usage

USAGE = {
    "input_tokens": 100,
    "input_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 10},
    "output_tokens": 30,
    "output_tokens_details": {"reasoning_tokens": 20},
    "total_tokens": 130,
}


def response(**fields: Any) -> bytes:
    return json.dumps(
        {"id": "resp_1", "model": "m", "status": "completed", "output": [], "usage": USAGE} | fields
    ).encode()


def test_token_classes():
    assert read_usage(json.dumps(USAGE).encode()) == Usage(100, 30, 40, 10, 20, True)


@pytest.mark.parametrize("raw", [b"", b"{}", b"[1]", b'{"input_tokens":-3}', b'{"input_tokens":"many"}'])
def test_nonsense_is_not_known(raw: bytes):
    assert not read_usage(raw).known


def test_classes_never_exceed_their_sum():
    usage = read_usage(
        b'{"input_tokens":5,"output_tokens":2,"input_tokens_details":{"cached_tokens":9},"output_tokens_details":{"reasoning_tokens":9}}'
    )
    assert (usage.cached_tokens, usage.reasoning_tokens) == (5, 2)


@pytest.mark.parametrize(
    ("fields", "finish"),
    [
        ({}, "stop"),
        ({"output": [{"type": "function_call", "name": "f"}]}, "tool_calls"),
        ({"output": [{"type": "custom_tool_call"}]}, "tool_calls"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filter"),
        ({"status": "incomplete"}, "incomplete"),
        ({"status": "failed"}, "failed"),
        ({"status": "queued"}, "queued"),
    ],
)
def test_ends_are_told_in_one_language(fields: dict[str, Any], finish: str):
    assert read_reply(response(**fields)).finish == finish


def test_the_rest_of_the_facts():
    facts = read_reply(
        response(output=[{"type": "message", "content": [{"type": "refusal"}]}], service_tier="flex")
    )
    assert (facts.id, facts.model, facts.refused, facts.usage.tier) == ("resp_1", "m", True, "flex")
    assert json.loads(facts.usage_raw) == USAGE


def test_odd_types_are_passed_over():
    odd = read_response(
        b'{"id":"r","model":3,"output":"x","status":"completed","usage":{"input_tokens":1},"error":null}'
    )
    assert (odd.id, odd.model, odd.output) == ("r", "", None)
    assert read_usage(bytes(odd.usage)).prompt_tokens == 1
    with pytest.raises(ValueError, match="object"):
        read_response(b"[]")
