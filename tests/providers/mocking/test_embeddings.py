"""Embeddings of the mock."""

from __future__ import annotations

import base64
import math
import struct
from typing import Any

import pytest

from headgate.providers.mocking.embeddings import embeddings
from headgate.providers.mocking.request import Refused
from tests.providers.mocking.asking import ask


def vectors(told: Any, model: str = "text-embedding-3-small", **fields: Any) -> list[list[float]]:
    return [row["embedding"] for row in embeddings(ask(input=told, model=model, **fields))["data"]]


def test_vectors_have_length_one_and_depend_on_text_and_model() -> None:
    one, other = vectors(["a", "b"])
    assert math.isclose(sum(each * each for each in one), 1, abs_tol=1e-5)
    assert one != other
    assert [one] == vectors("a")
    assert [one] != vectors("a", "other")
    assert abs(sum(a * b for a, b in zip(one, other, strict=True))) < 0.2


@pytest.mark.parametrize(
    ("model", "size"), [("text-embedding-3-small", 1536), ("text-embedding-3-large", 3072), ("any", 1536)]
)
def test_sizes(model: str, size: int) -> None:
    assert len(vectors("a", model)[0]) == size
    assert len(vectors("a", model, dimensions=7)[0]) == 7


def test_fewer_dimensions_are_the_beginning_of_more() -> None:
    full, short = vectors("a")[0], vectors("a", dimensions=10)[0]
    scale = math.sqrt(sum(each * each for each in full[:10]))
    assert all(math.isclose(a / scale, b, abs_tol=1e-6) for a, b in zip(full, short, strict=False))


def test_base64_is_the_same_in_floats() -> None:
    (text,) = vectors("a", encoding_format="base64")
    assert list(struct.unpack("<1536f", base64.b64decode(str(text)))) == vectors("a")[0]


def test_tokens_are_one_input_and_lists_of_tokens_several() -> None:
    made = embeddings(ask(input=[1, 2, 3], dimensions=2))
    assert (len(made["data"]), made["usage"]) == (1, {"prompt_tokens": 3, "total_tokens": 3})
    made = embeddings(ask(input=[[1], [2, 3]], dimensions=2))
    assert [row["index"] for row in made["data"]] == [0, 1]
    assert embeddings(ask(input="12345678", dimensions=2))["usage"]["prompt_tokens"] == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"input": []},
        {"input": None},
        {"input": {}},
        {"input": "a", "dimensions": 10**6},
        {"input": ["a"] * 3000},
    ],
)
def test_what_cannot_be_embedded_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        embeddings(ask(**fields))
