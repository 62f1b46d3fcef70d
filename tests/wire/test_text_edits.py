"""Edits deep inside a body write only the way to the value anew."""

from __future__ import annotations

import pytest

from headgate.wire.text_edits import edited, put


def test_several_edits_at_once_and_nothing_else() -> None:
    body = b'{"a":[1.50,{"b":"x","c":1e2}],"d":"\\u00e9","a2":"y"}'
    assert (
        edited(body, {("a", 1, "b"): "z", ("a2",): 3})
        == b'{"a":[1.50,{"b":"z","c":1e2}],"d":"\\u00e9","a2":3}'
    )


def test_a_member_that_is_missing_is_added_but_a_way_that_leads_nowhere_is_an_error() -> None:
    assert edited(b"{}", {("a",): 1}) == b'{"a":1}'
    with pytest.raises(KeyError):
        edited(b"{}", {("a", "b"): 1})
    with pytest.raises(IndexError):
        edited(b'{"a":[]}', {("a", 0): 1})


def test_no_change_gives_the_same_bytes() -> None:
    body = b'{ "a": 1 }'
    assert edited(body, {}) is body


def test_a_key_that_comes_twice_is_there_once_afterwards() -> None:
    assert edited(b'{"a":"hidden","b":1,"a":"seen"}', {("b",): 2}) == b'{"a":"seen","b":2}'


def test_the_same_in_a_decoded_body() -> None:
    tree = {"a": [{"b": 1}]}
    put(tree, ("a", 0, "b"), 2)
    assert tree == {"a": [{"b": 2}]}
