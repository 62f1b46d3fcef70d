"""Byte edits of JSON objects, held against a parse-and-compare oracle."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.members import has_no_duplicates, insert, members, remove, replace

KEYS = st.sampled_from(["model", "stream", "usage", 'mo"del', "é", "a\\", "x", "\u2028"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.text(max_size=8)
    | st.sampled_from(['"model":"x"', "}{", '\\"', ","]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
PAIRS = st.lists(st.tuples(KEYS, VALUES), max_size=6)
STYLES = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n\t", " :\r\n ")])


def written(pairs: list[tuple[str, Any]], style: tuple[str, str], ascii_only: bool) -> bytes:
    """An object with these pairs in this order, keys that come twice included."""
    comma, colon = style

    def text(value: Any) -> str:
        return json.dumps(value, ensure_ascii=ascii_only, separators=style)

    return (" {\n" + comma.join(f"{text(key)}{colon}{text(value)}" for key, value in pairs) + " } ").encode()


def pairs_of(body: bytes) -> list[tuple[str, Any]]:
    """The oracle: the standard library's reading, with every pair in order."""
    return json.loads(body, object_pairs_hook=lambda pairs: pairs or [])


def top(
    pairs: list[tuple[str, Any]], style: tuple[str, str], ascii_only: bool
) -> tuple[bytes, list[tuple[str, Any]]]:
    body = written(pairs, style, ascii_only)
    return body, pairs_of(body)


@given(PAIRS, STYLES, st.booleans())
def test_members_are_the_pairs_of_the_object(
    pairs: list[tuple[str, Any]], style: tuple[str, str], ascii_only: bool
) -> None:
    body, oracle = top(pairs, style, ascii_only)
    found = members(body)
    assert [(m.key, pairs_of(body[m.start : m.end])) for m in found] == oracle
    assert all(body[m.key_at : m.key_at + 1] == b'"' for m in found)


@given(PAIRS, STYLES, st.booleans())
def test_replace_changes_every_member_of_that_name_and_nothing_else(
    pairs: list[tuple[str, Any]], style: tuple[str, str], ascii_only: bool
) -> None:
    body, oracle = top(pairs, style, ascii_only)
    edited = replace(body, "model", b'"new"')
    assert pairs_of(edited) == [(key, "new" if key == "model" else value) for key, value in oracle]
    if all(key != "model" for key, _ in oracle):
        assert edited == body


@given(PAIRS, STYLES, st.booleans())
def test_insert_puts_one_member_in_front(
    pairs: list[tuple[str, Any]], style: tuple[str, str], ascii_only: bool
) -> None:
    body, oracle = top(pairs, style, ascii_only)
    assert pairs_of(insert(body, "new", b"1")) == [("new", 1), *oracle]


@given(PAIRS, STYLES, st.booleans())
def test_remove_takes_out_every_member_of_that_name(
    pairs: list[tuple[str, Any]], style: tuple[str, str], ascii_only: bool
) -> None:
    body, oracle = top(pairs, style, ascii_only)
    assert pairs_of(remove(body, "usage")) == [(key, value) for key, value in oracle if key != "usage"]


@given(PAIRS, STYLES, st.booleans())
def test_the_quick_proof_is_never_wrong(
    pairs: list[tuple[str, Any]], style: tuple[str, str], ascii_only: bool
) -> None:
    body, oracle = top(pairs, style, ascii_only)
    for text in (body, body.strip()):
        if has_no_duplicates(text):
            assert len({key for key, _ in oracle}) == len(oracle)


def test_the_quick_proof_holds_for_compact_bodies() -> None:
    assert has_no_duplicates(b'{"model":"a","messages":[{"role":"user"}],"n":1}')
    assert not has_no_duplicates(b'{"model":"a","model":"a"}')


@pytest.mark.parametrize(
    ("body", "edited"),
    [
        (b'{"a":{"model":"x"},"model":"y"}', b'{"a":{"model":"x"},"model":"new"}'),
        (b'{"s":"\\"model\\":\\"x\\"","model" : "y" }', b'{"s":"\\"model\\":\\"x\\"","model" : "new" }'),
        (b'{"mod\\u0065l":"y","n":1}', b'{"mod\\u0065l":"new","n":1}'),
        (b'{"model":1,"model":12}', b'{"model":"new","model":"new"}'),
        (b'{"model":12,"model":1}', b'{"model":"new","model":"new"}'),
        (b'{"x":[1,2],"x":[1],"model":"y"}', b'{"x":[1,2],"x":[1],"model":"new"}'),
    ],
)
def test_only_the_top_level_is_edited(body: bytes, edited: bytes) -> None:
    assert replace(body, "model", b'"new"') == edited
