"""Text completions of the mock."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types import Completion

from headgate.providers.mocking.completions import chunks, completion, prompts_of
from headgate.providers.mocking.request import Refused
from tests.providers.mocking.asking import ask


def answer(prompt: Any = "Once", **fields: Any) -> Completion:
    return Completion.model_validate(completion(ask(prompt=prompt, **fields)))


def test_sixteen_tokens_unless_asked_otherwise() -> None:
    one = answer()
    assert one.choices[0].finish_reason == "length"
    assert one.usage is not None
    assert (one.usage.prompt_tokens, one.usage.completion_tokens) == (1, 16)
    assert answer(max_tokens=900).choices[0].finish_reason == "stop"
    assert one == answer()


def test_echo_repeats_the_prompt_and_suffix_is_paid() -> None:
    assert answer(echo=True).choices[0].text.startswith("Once This is a mock")
    suffixed = answer(suffix="12345678").usage
    assert suffixed is not None
    assert suffixed.prompt_tokens == 3


def test_each_prompt_gets_n_choices() -> None:
    made = answer(["a", "b"], n=2, echo=True)
    assert [(choice.index, choice.text[0]) for choice in made.choices] == [
        (0, "a"),
        (1, "a"),
        (2, "b"),
        (3, "b"),
    ]


def test_log_probabilities() -> None:
    logprobs = answer(logprobs=2, max_tokens=3).choices[0].logprobs
    assert logprobs is not None
    assert logprobs.tokens == [" This", " is", " a"]
    assert logprobs.text_offset == [0, 5, 8]
    assert [len(top) for top in logprobs.top_logprobs or []] == [2, 2, 2]
    bare = answer(logprobs=0, max_tokens=3).choices[0].logprobs
    assert bare is not None
    assert bare.top_logprobs is None


@pytest.mark.parametrize(
    ("told", "tokens"),
    [
        ("12345678", [2]),
        (["1234", "12345"], [1, 2]),
        ([7, 8, 9], [3]),
        ([[7], [8, 9]], [1, 2]),
        (None, [0]),
        ("", [0]),
        ([], [0]),
    ],
)
def test_prompts_of_every_kind(told: Any, tokens: list[int]) -> None:
    assert [prompt.tokens for prompt in prompts_of(told)] == tokens


def test_other_prompts_are_refused() -> None:
    with pytest.raises(Refused):
        prompts_of({"a": 1})


def test_a_stream_says_the_same_token_by_token() -> None:
    whole = completion(ask(prompt="x", logprobs=1, n=2))
    pieces = chunks(whole)
    for choice in whole["choices"]:
        mine = [piece for piece in pieces if piece["index"] == choice["index"]]
        assert "".join(piece["text"] for piece in mine) == choice["text"]
        assert [
            token for piece in mine if piece["logprobs"] for token in piece["logprobs"]["tokens"]
        ] == choice["logprobs"]["tokens"]
        assert mine[-1]["finish_reason"] == "length"
