"""The cache form of chat requests: what can change an answer is in it, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.wire.openai_chat import NOT_IN_CACHE_KEY, cache_form

BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "temperature": 0}


def form(**fields: Any) -> bytes:
    return cache_form(json.dumps(BODY | fields).encode())


def test_spelling_does_not_matter() -> None:
    assert cache_form(b'{"temperature":0.0, "messages":[{"content":"h\\u0069","role":"user"}]}') == form()
    assert form() == b'{"messages":[{"content":"hi","role":"user"}],"temperature":0}'


@pytest.mark.parametrize("field", sorted(NOT_IN_CACHE_KEY))
def test_what_cannot_change_the_answer_is_left_out(field: str) -> None:
    assert form(**{field: "anything"}) == form()


@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": 0.5},
        {"top_p": 0.5},
        {"n": 2},
        {"seed": 1},
        {"stop": "x"},
        {"max_tokens": 1},
        {"tools": []},
        {"tool_choice": "none"},
        {"response_format": {"type": "json_object"}},
        {"logprobs": True},
        {"reasoning_effort": "low"},
        {"service_tier": "flex"},
        {"modalities": []},
        {"messages": [{"role": "user", "content": "hI"}]},
        {"messages": [{"role": "user", "content": "hi", "stream": True}]},
        {"new_field": None},
    ],
)
def test_everything_else_is_in_it(fields: dict[str, Any]) -> None:
    assert form(**fields) != form()


def test_numbers_too_large_for_floats_stay_apart() -> None:
    assert form(seed=2**70) != form(seed=2**70 + 1)
    assert form(seed=2**53) != form(seed=2**53 + 1)


@pytest.mark.parametrize("body", [b"not json", b"[1]", b'{"x":' + b"[" * 5000 + b"]" * 5000 + b"}"])
def test_what_cannot_be_read_is_its_own_form(body: bytes) -> None:
    assert cache_form(body) == body
