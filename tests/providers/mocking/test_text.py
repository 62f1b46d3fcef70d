"""Texts, tokens and limits of the mock."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.providers.mocking.dice import Dice
from headgate.providers.mocking.text import cut, prompt_tokens, sentences, tokens_of


@given(st.text())
def test_tokens_add_up_to_the_text(text: str) -> None:
    assert "".join(tokens_of(text)) == text


def test_a_token_is_about_four_characters() -> None:
    assert tokens_of("This is a plain sentence.") == ["This", " is", " a", " plai", "n", " sent", "ence", "."]


@pytest.mark.parametrize(
    ("stop", "limit", "text", "finish"),
    [
        (None, None, "one two three", "stop"),
        ("two", None, "one ", "stop"),
        (["three", " two"], None, "one", "stop"),
        (None, 2, "one two", "length"),
        (None, 99, "one two three", "stop"),
        ("two", 1, "one", "length"),
        (["", 7], None, "one two three", "stop"),
    ],
)
def test_texts_end_at_stops_and_limits(stop: Any, limit: int | None, text: str, finish: str) -> None:
    assert cut("one two three", stop=stop, limit=limit) == (text, finish)


def test_an_answer_names_its_topic_in_short() -> None:
    assert sentences(Dice(b"a"), "What\n is it?").startswith('This is a mock answer to "What is it?".')
    assert len(sentences(Dice(b"a"), "x" * 10_000)) < 700
    assert sentences(Dice(b"a"), "").startswith("This is a mock answer.")


def test_prompts_cost_their_length_images_and_tools() -> None:
    short: dict[str, Any] = {"messages": [{"role": "user", "content": "12345678"}]}
    image = {"type": "image_url", "image_url": {"url": "data:..."}}
    assert prompt_tokens(short) == 3 + 4 + 2
    assert (
        prompt_tokens(
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "12345678"}, image]}]}
        )
        == 94
    )
    assert prompt_tokens(short | {"tools": [{"a": 1}]}) == 9 + 3
    assert prompt_tokens({"messages": ["odd", {"content": 7}]}) == 7
