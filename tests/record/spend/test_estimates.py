"""What a call may cost: an upper bound that holds for any text, a lower one for the last call under a cap."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.providers.prices import PriceBook
from headgate.record.spend.estimates import least_cost, likely_cost, most_cost, output_limit, prompt_bound
from headgate.testing.clock import FixedClock
from tests.record.spend.spending import make_call

PRICES = {"gpt-4o": {"input": 1, "output": 10}}  # a prompt token costs 1e6 pico-dollars


def call_of(clock: FixedClock, **body: Any) -> Any:
    full = {"model": "gpt-4o", "messages": [{"role": "user", "content": "x" * 600}]} | body
    return make_call(clock, body=json.dumps(full).encode())


@pytest.mark.parametrize(
    ("body", "tokens"),
    [({"max_tokens": 7}, 7), ({"max_completion_tokens": 8}, 8), ({"max_output_tokens": 9}, 9), ({}, 2048),
     ({"max_tokens": 7, "n": 3}, 21),
     ({"generationConfig": {"maxOutputTokens": 5, "candidateCount": 2}}, 10), ({"max_tokens": "many"}, 2048),
     ({"max_tokens": -1}, 2048),
     ({"max_tokens": 3, "max_completion_tokens": 4}, 4), ({"tools": [{"max_tokens": 1}]}, 2048), ({"max_tokens": True}, 2048)],
)  # fmt: skip
def test_an_answer_is_bounded_by_what_the_request_says(
    clock: FixedClock, body: dict[str, Any], tokens: int
) -> None:
    assert output_limit(call_of(clock, **body)) == tokens


def test_an_embedding_has_no_answer_and_a_count_is_free(clock: FixedClock) -> None:
    call = call_of(clock)
    call.wire = "openai.embeddings"
    assert output_limit(call) == 0
    call.wire = "anthropic.count_tokens"
    assert most_cost(call, PriceBook(PRICES, clock), "openai", "gpt-4o") == 0


def test_the_upper_bound_counts_each_byte_as_a_token(clock: FixedClock) -> None:
    call = call_of(clock, max_tokens=10)
    assert (
        most_cost(call, PriceBook(PRICES, clock), "openai", "gpt-4o") == len(call.body) * 10**6 + 10 * 10**7
    )


def test_the_lower_bound_counts_texts_only(clock: FixedClock) -> None:
    call = call_of(clock, max_tokens=10)
    book = PriceBook(PRICES, clock)
    assert least_cost(call, book, "openai", "gpt-4o") == 100 * 10**6 + 10 * 10**7
    assert least_cost(call, book, "openai", "gpt-4o") <= likely_cost(call, book, "openai", "gpt-4o")  # type: ignore[operator]
    assert likely_cost(call, book, "openai", "gpt-4o") <= most_cost(call, book, "openai", "gpt-4o")  # type: ignore[operator]


def test_media_are_counted_by_what_is_billed_not_by_their_bytes() -> None:
    image = b'{"image_url":{"url":"data:image/png;base64,' + b"A" * 300_000 + b'"}}'
    assert prompt_bound(image) < 30_000
    assert prompt_bound(b'{"type":"image_url","image_url":{"url":"https://x.example/a.png"}}') >= 3000


def test_an_unknown_price_is_unknown(clock: FixedClock) -> None:
    assert most_cost(call_of(clock), PriceBook({}, clock), "openai", "nobody-knows") is None
    assert likely_cost(call_of(clock), PriceBook({}, clock), "openai", "nobody-knows") is None


def test_the_tier_that_is_asked_for_counts(clock: FixedClock) -> None:
    tiers = {"priority": {"input": 2, "output": 20}}
    book = PriceBook({"gpt-4o": PRICES["gpt-4o"] | {"tiers": tiers}}, clock)
    usual, fast = (
        most_cost(call_of(clock, max_tokens=10, service_tier=tier), book, "openai", "gpt-4o")
        for tier in ("auto", "priority")
    )
    assert usual is not None
    assert fast is not None
    assert fast > 1.9 * usual


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'{"max_tokens":{}}'])
def test_odd_bodies_have_the_default_bound(clock: FixedClock, body: bytes) -> None:
    assert output_limit(make_call(clock, body=body)) == 2048
