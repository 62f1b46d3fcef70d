"""Merkle trees: the published vectors of RFC 6962, and that proofs of any tree of ours convince a stranger."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.govern.ledger.merkle import (
    EMPTY_ROOT,
    TILE,
    BadProof,
    Frontier,
    Tree,
    leaf_hash,
    node_hash,
    tiles_for,
    verify_consistency,
    verify_inclusion,
)

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[2] / "data" / "merkle" / "vectors.json").read_text()
)
MANY = 70_000
LEAVES = [leaf_hash(number.to_bytes(4)) for number in range(MANY)]


def _bytes(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def _plain_root(leaves: Sequence[bytes]) -> bytes:
    """The definition of RFC 6962, 2.1, word for word."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(_plain_root(leaves[:split]), _plain_root(leaves[split:]))


@lru_cache
def _tile(level: int, place: int) -> list[bytes]:
    span = TILE**level
    first = place * TILE
    whole = min(first + TILE, MANY // span)
    return [_plain_root(LEAVES[number * span : (number + 1) * span]) for number in range(first, whole)]


def _tree(size: int, asked: set[tuple[int, int]] | None = None) -> Tree:
    def tiles(level: int, place: int) -> Sequence[bytes]:
        if asked is not None:
            asked.add((level, place))
        return _tile(level, place)

    return Tree(size, tiles)


@pytest.mark.parametrize("case", VECTORS["inclusion"], ids=lambda case: case["name"])
def test_inclusion_vectors(case: dict[str, Any]) -> None:
    path = [_bytes(each) for each in case["proof"] or []]
    try:
        verify_inclusion(
            _bytes(case["leafHash"]), case["leafIdx"], case["treeSize"], path, _bytes(case["root"])
        )
    except BadProof:
        assert case["wantErr"]
    else:
        assert not case["wantErr"]


@pytest.mark.parametrize("case", VECTORS["consistency"], ids=lambda case: case["name"])
def test_consistency_vectors(case: dict[str, Any]) -> None:
    first, second = (case["size1"], _bytes(case["root1"])), (case["size2"], _bytes(case["root2"]))
    try:
        verify_consistency(first, second, [_bytes(each) for each in case["proof"] or []])
    except BadProof:
        assert case["wantErr"]
    else:
        assert not case["wantErr"]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 255, 256, 257, 1000, 65_536, 65_537, MANY])
def test_a_tree_in_tiles_has_the_root_of_the_definition(size: int) -> None:
    assert _tree(size).root() == _plain_root(LEAVES[:size])


@settings(deadline=None, max_examples=60)
@given(st.integers(1, MANY), st.data())
def test_every_proof_convinces_and_needs_only_the_tiles_that_were_named(
    size: int, data: st.DataObject
) -> None:
    leaf = data.draw(st.integers(0, size - 1))
    asked: set[tuple[int, int]] = set()
    tree = _tree(size, asked)
    root = tree.root()

    verify_inclusion(LEAVES[leaf], leaf, size, tree.inclusion(leaf), root)
    older = leaf + 1
    verify_consistency((older, _tree(older).root()), (size, root), tree.consistency(older))
    assert asked <= tiles_for(size, [leaf])


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 3000), st.data())
def test_a_proof_of_another_leaf_does_not_convince(size: int, data: st.DataObject) -> None:
    leaf = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != leaf))
    tree = _tree(size)

    with pytest.raises(BadProof):
        verify_inclusion(LEAVES[other], leaf, size, tree.inclusion(leaf), tree.root())


@given(st.integers(0, 600))
def test_a_frontier_knows_the_root_at_any_time(size: int) -> None:
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier.add(leaf)

    assert (frontier.size, frontier.root()) == (size, _tree(size).root())
