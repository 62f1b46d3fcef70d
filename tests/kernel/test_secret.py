"""A secret gives itself up to `reveal` only."""

from __future__ import annotations

import copy
import json
import pickle

import msgspec
import pytest

from headgate.kernel.secret import MASK, Secret, reveal


def test_it_cannot_be_printed() -> None:
    secret = Secret("hush")
    for text in (str(secret), repr(secret), f"{secret}", f"{[secret]}", "%s" % secret):  # noqa: UP031 - each way to print
        assert "hush" not in text
        assert MASK in text
    assert repr(Secret()) == "(not set)"


@pytest.mark.parametrize("serialise", [json.dumps, pickle.dumps, msgspec.json.encode, msgspec.msgpack.encode])
def test_it_cannot_be_serialised(serialise: object) -> None:
    with pytest.raises(TypeError):
        serialise(Secret("hush"))  # pyright: ignore[reportCallIssue]


def test_it_is_given_back_on_purpose() -> None:
    assert Secret("hush").reveal() == reveal(Secret("hush")) == reveal("hush") == "hush"
    assert Secret("hush").encode() == b"hush"


def test_it_compares_and_copies() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert bool(Secret("a"))
    assert not Secret()
    assert copy.deepcopy({"k": Secret("a")})["k"] == Secret("a")
    assert len({Secret("a"), Secret("a")}) == 1
