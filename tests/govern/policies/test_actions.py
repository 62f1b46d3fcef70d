"""Patterns of actions: exact, either part open, both open; a pattern that covers another names all that it names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.govern.policies.actions import ACTION, covers, names


@pytest.mark.parametrize(
    ("pattern", "action", "is_named"),
    [
        ("*", "read:crm", True), ("*:*", "read:crm", True), ("read:*", "read:crm", True), ("*:crm", "read:crm", True),
        ("read:crm", "read:crm", True), ("read:crm", "read:crm2", False), ("write:*", "read:crm", False),
        ("*:email", "read:crm", False), ("read:c*", "read:crm", True), ("re*:crm", "read:crm", True),
        ("read:", "read:crm", False),
    ],
)  # fmt: skip
def test_names(pattern: str, action: str, is_named: bool) -> None:
    assert names(pattern, action) is is_named


@pytest.mark.parametrize("text", ["read", "read:", ":crm", "read:a b", "", "a:b:c", "**:x"])
def test_what_is_no_action_is_refused(text: str) -> None:
    assert not ACTION.fullmatch(text)


part = st.sampled_from(["*", "a", "ab", "a*", "ab*", "b"])
pattern = st.builds("{}:{}".format, part, part)
word = st.sampled_from(["a", "ab", "abc", "b"])


@given(pattern, pattern, word, word)
def test_a_wider_pattern_names_all_that_the_narrower_names(
    wider: str, narrower: str, verb: str, resource: str
) -> None:
    if covers(wider, narrower) and names(narrower, f"{verb}:{resource}"):
        assert names(wider, f"{verb}:{resource}")
