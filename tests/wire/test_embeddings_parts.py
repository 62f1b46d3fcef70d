"""A batch falls into its inputs and an answer into its vectors, and both can be put together again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.wire.embeddings_parts import (
    inputs_of,
    settings_of,
    vectors_of,
    whole_answer,
    with_inputs,
    with_vectors,
)


@pytest.mark.parametrize(("given", "parts"), [
    ("a", [b'"a"']), (["a", "b"], [b'"a"', b'"b"']), ([1, 2], [b"[1, 2]"]), ([[1], [2, 3]], [b"[1]", b"[2, 3]"]), ([], [b"[]"]),
])  # fmt: skip
def test_inputs(given: Any, parts: list[bytes]) -> None:
    assert inputs_of(json.dumps({"model": "m", "input": given}).encode()) == parts


def test_the_request_for_some_of_them_keeps_its_settings() -> None:
    body = b'{"model": "m", "input": ["a", "b"], "dimensions": 4, "user": "x"}'
    assert with_inputs(body, [b'"b"']) == b'{"model": "m", "input": ["b"], "dimensions": 4, "user": "x"}'
    assert settings_of(body) == b'{"dimensions":4}'


def test_vectors_go_by_their_index() -> None:
    body = b'{"data": [{"index": 1, "embedding": "Bg=="}, {"index": 0, "embedding": [1.5]}], "usage": {"prompt_tokens": 3}}'
    assert vectors_of(body) == [b"[1.5]", b'"Bg=="']
    again = json.loads(with_vectors(body, [b"[1]", b"[2]"]))
    assert [row["index"] for row in again["data"]] == [0, 1] and again["usage"] == {"prompt_tokens": 3}
    assert json.loads(whole_answer("m", [b"[1]"]))["data"] == [
        {"object": "embedding", "index": 0, "embedding": [1]}
    ]
