"""Requests are read strictly, errors name the field, and what nobody read is known; answers are read leniently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from headgate.kernel.errors import BadRequest
from headgate.wire.node import Node, answer_of, count_of, object_of, objects_of, text_of


@pytest.mark.parametrize(
    ("read", "param"),
    [
        (lambda node: node.text("n"), "n"),
        (lambda node: node.text("absent"), "absent"),
        (lambda node: node.integer("half"), "half"),
        (lambda node: node.number("yes"), "yes"),
        (lambda node: node.flag("n"), "n"),
        (lambda node: node.nodes("list"), "list[0]"),
        (lambda node: node.texts("list"), "list"),
        (lambda node: node.need("inner").text("n"), "inner.n"),
        (lambda node: node.need("absent"), "absent"),
        (lambda node: node.fields_of("n"), "n"),
        (lambda node: node.values("n"), "n"),
    ],
)
def test_what_is_wrong_is_named(read: Callable[[Node], Any], param: str):
    node = Node({"n": 1, "half": 1.5, "yes": True, "list": [1], "inner": {"n": 1}})
    with pytest.raises(BadRequest) as told:
        read(node)
    assert told.value.param == param


def test_whole_floats_are_integers_and_null_is_nothing():
    node = Node({"a": 2.0, "b": None})
    assert node.integer("a") == 2
    assert (node.integer("b"), node.text_or("b", "x"), node.nodes("b"), node.node("b")) == (
        None,
        "x",
        [],
        None,
    )


def test_what_nobody_read_is_left():
    node = Node({"read": 1, "unread": 2, "null": None, "ignored": 3})
    node.number("read")
    node.ignore("ignored")
    assert node.left() == {"unread": 2}


def test_what_is_lost_deeper_is_told_once_without_its_place_in_a_list():
    node = Node({"messages": [{"role": "user", "odd": 1}, {"role": "user", "odd": 2}]})
    for each in node.nodes("messages"):
        each.text("role")
        each.close()
    assert node.lost == ["messages[].odd"]


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff"])
def test_a_body_that_is_no_object_is_refused(body: bytes):
    with pytest.raises(BadRequest):
        Node.of(body)
    with pytest.raises(ValueError):
        answer_of(body)


def test_an_answer_of_odd_types_tells_nothing():
    assert (text_of(1), count_of("3"), count_of(True), count_of(-1), object_of([]), objects_of({})) == (
        "",
        0,
        0,
        0,
        {},
        [],
    )
    assert objects_of([1, {"a": 1}]) == [{"a": 1}]
