"""The canonical form: what keys and hashes are made of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.kernel import json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def test_the_order_of_keys_makes_no_difference() -> None:
    assert json.canonical({"b": 1, "a": {"d": 2, "c": 3}}) == b'{"a":{"c":3,"d":2},"b":1}'


@given(VALUES)
def test_the_canonical_form_says_the_same_and_is_stable(value: object) -> None:
    form = json.canonical(value)
    assert json.decode(form) == value
    assert json.canonical(json.decode(form)) == form
