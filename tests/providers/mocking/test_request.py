"""Requests as the mock reads them."""

from __future__ import annotations

import pytest

from headgate.providers.mocking.request import Refused, read
from tests.providers.mocking.asking import ask


def test_dice_fall_by_what_can_change_the_answer() -> None:
    same = [
        ask(),
        ask(stream=True, stream_options={"include_usage": True}),
        ask(user="u", metadata={"a": "b"}, store=True),
    ]
    assert len({request.dice.token(20) for request in same}) == 1
    others = [ask(), ask("other"), ask(temperature=0), ask(model="gpt-5"), ask(seed=1)]
    assert len({request.dice.token(20) for request in others}) == 5


@pytest.mark.parametrize(("value", "number"), [(None, 7), (0, 7), (-1, 7), (1, 1), (9, 9)])
def test_numbers_below_one_count_as_not_given(value: int | None, number: int) -> None:
    assert ask(max_tokens=value).whole_number("max_tokens", default=7) == number


@pytest.mark.parametrize("value", ["1", 1.5, True, [1], 10**6])
def test_other_numbers_are_refused_by_name(value: object) -> None:
    with pytest.raises(Refused) as refusal:
        ask(n=value).choices  # noqa: B018
    assert refusal.value.param == "n"
    assert b'"param":"n"' in refusal.value.body()


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 100_000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        read(body)
