"""Personal data with a form is found in many spellings; what only looks like it is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.govern.guardrails.pii import find, may_hold

REAL = [
    ("email", "ada@example.com"),
    ("email", "jürgen.müller+x@post.example.co.uk"),
    ("credit_card", "4111 1111 1111 1111"),
    ("credit_card", "5500-0000-0000-0004"),
    ("credit_card", "340000000000009"),
    ("iban", "DE89 3704 0044 0532 0130 00"),
    ("iban", "GB82WEST12345698765432"),
    ("iban", "de89370400440532013000"),
    ("ssn", "078-05-1120"),
    ("ip_address", "192.0.2.17"),
    ("ip_address", "2001:db8::ff00:42:8329"),
    ("phone", "+49 30 901820"),
    ("phone", "(212) 555-0147"),
    ("phone", "212-555-0147 x12"),
    ("phone", "+1-212-555-0147"),
    ("phone", "0044 20 7946 0958"),
]
LOOKALIKE = [
    "4111 1111 1111 1112",
    "0000 0000 0000 0000",
    "GB82WEST12345698765433",
    "666-12-3456",
    "078-00-1120",
    "127.0.0.1",
    "version 1.2.3.4.5",
    "999.1.1.1",
    "2024-11-24 10:00:00",
    "12:30:45",
    "user@localhost",
    "3.14159265358979",
    "order 12345678",
    "1,234,567.89",
    "a@b",
    "550e8400-e29b-41d4-a716-446655440000",
    "std::vector::size",
    "10-20-30",
]


@pytest.mark.parametrize(("kind", "value"), REAL)
@pytest.mark.parametrize("around", ["{}", "it is {}.", "({}), then", "日本 {} Zürich", "a\n{}\nb"])
def test_real_ones_are_found_where_they_stand(kind: str, value: str, around: str) -> None:
    text = around.format(value)
    assert [(each.kind, text[each.start : each.end]) for each in find(text)] == [(kind, value)]


@pytest.mark.parametrize("text", LOOKALIKE)
def test_what_only_looks_like_it_is_not_found(text: str) -> None:
    assert find(f"see {text} there") == []


@pytest.mark.parametrize("text", ["my phone is 5550147890", "ssn: 078051120", "call me at 030 901820"])
def test_a_word_before_a_bare_number_says_what_it_is(text: str) -> None:
    assert len(find(text)) == 1
    assert find(text.rsplit(maxsplit=1)[-1]) == []


def test_kinds_can_be_chosen() -> None:
    text = "ada@example.com, 078-05-1120"
    assert [each.kind for each in find(text, ["ssn"])] == ["ssn"]


@given(st.text(max_size=60), st.sampled_from(REAL), st.text(max_size=60))
def test_the_quick_question_never_misses(before: str, pair: tuple[str, str], after: str) -> None:
    text = f"{before} {pair[1]} {after}"
    if find(text):
        assert may_hold(text)


@pytest.mark.parametrize(
    "hostile", ["1" * 60_000, "a@" * 30_000, "1-" * 30_000, ":" * 60_000, "tel " * 15_000, "12 " * 20_000]
)
def test_hostile_text_takes_no_longer_than_any_other(hostile: str) -> None:
    find(hostile)
