"""Merkle trees as in RFC 6962: roots, inclusion and consistency proofs, and how a stranger checks them.

A tree is kept in tiles: a tile of level L holds up to 256 hashes of complete subtrees of 256^L leaves each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

HASH_BYTES = 32
TILE = 256
TILE_BITS = 8
EMPTY_ROOT = sha256(b"").digest()

Tiles = Callable[[int, int], Sequence[bytes]]  # (level, index) -> the hashes of that tile


class BadProof(ValueError):
    """A proof does not prove what it says."""


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def complete_root(hashes: Sequence[bytes]) -> bytes:
    """The root over `hashes`, whose number is a power of two."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[at], level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]


def tile_levels(size: int) -> int:
    """How many levels of tiles a tree of `size` leaves has."""
    levels = 1
    while size >= TILE:
        size >>= TILE_BITS
        levels += 1
    return levels


def tiles_for(size: int, leaves: Iterable[int]) -> set[tuple[int, int]]:
    """Which tiles a proof about `leaves` in a tree of `size` needs, those along the right edge included."""
    needed: set[tuple[int, int]] = set()
    for leaf in {*leaves, size - 1} if size else set[int]():
        for level in range(tile_levels(size)):
            needed.add((level, leaf >> (TILE_BITS * (level + 1))))
    return needed


class Tree:
    """A tree of `size` leaves, read through `tiles`."""

    def __init__(self, size: int, tiles: Tiles) -> None:
        self.size = size
        self._tiles = tiles

    def root(self) -> bytes:
        return self._range(0, self.size) if self.size else EMPTY_ROOT

    def inclusion(self, leaf: int) -> list[bytes]:
        """The audit path of `leaf`, from the leaf up (RFC 6962, 2.1.1). Raises IndexError when there is no such leaf."""
        if not 0 <= leaf < self.size:
            raise IndexError(leaf)
        path: list[bytes] = []
        start, end = 0, self.size
        while end - start > 1:
            middle = start + _split(end - start)
            if leaf < middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(start, middle))
                start = middle
        return path[::-1]

    def consistency(self, first: int) -> list[bytes]:
        """That the tree of the `first` leaves is a prefix of this one (RFC 6962, 2.1.2). Raises IndexError."""
        if not 0 <= first <= self.size:
            raise IndexError(first)
        if first in (0, self.size):
            return []
        path: list[bytes] = []
        start, end = 0, self.size
        whole = True  # the old tree is a complete subtree so far, whose root the verifier knows
        while first != end:
            middle = start + _split(end - start)
            if first <= middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(start, middle))
                start, whole = middle, False
        if not whole:
            path.append(self._range(start, end))
        return path[::-1]

    def complete_subtrees(self) -> list[bytes]:
        """The roots of the complete subtrees that the tree is made of, largest first."""
        roots: list[bytes] = []
        start = 0
        for height in reversed(range(self.size.bit_length())):
            if self.size >> height & 1:
                roots.append(self._complete(start, height))
                start += 1 << height
        return roots

    def _range(self, start: int, end: int) -> bytes:
        """The root over the leaves from `start` to before `end`, a range that RFC 6962's recursion meets."""
        size = end - start
        if size & (size - 1) == 0:
            return self._complete(start, size.bit_length() - 1)
        middle = start + _split(size)
        return node_hash(self._range(start, middle), self._range(middle, end))

    def _complete(self, start: int, height: int) -> bytes:
        """The root of the complete subtree of 2^height leaves at `start`."""
        level, inner = divmod(height, TILE_BITS)
        place = start >> (level * TILE_BITS)
        tile = self._tiles(level, place >> TILE_BITS)
        first = place % TILE
        return complete_root(tile[first : first + (1 << inner)])


class Frontier:
    """A tree that only grows: the roots of its complete subtrees, largest first. Enough to know its root at any time."""

    __slots__ = ("_roots", "size")

    def __init__(self) -> None:
        self.size = 0
        self._roots: list[bytes] = []

    @staticmethod
    def of(tree: Tree) -> Frontier:
        """The frontier of a tree that is there already."""
        frontier = Frontier()
        frontier.size = tree.size
        frontier._roots = tree.complete_subtrees()
        return frontier

    def add(self, leaf: bytes) -> None:
        """Append a leaf's hash."""
        self.size += 1
        size, digest = self.size, leaf
        while not size & 1:
            digest = node_hash(self._roots.pop(), digest)
            size >>= 1
        self._roots.append(digest)

    def root(self) -> bytes:
        if not self._roots:
            return EMPTY_ROOT
        digest = self._roots[-1]
        for left in self._roots[-2::-1]:
            digest = node_hash(left, digest)
        return digest


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf with hash `leaf` is number `index` in the tree. Raises BadProof. (RFC 9162, 2.1.3.2.)"""
    if not 0 <= index < size:
        raise BadProof("the index is outside the tree")
    if len(leaf) != HASH_BYTES:
        raise BadProof("the leaf is no hash")
    node, last, digest = index, size - 1, leaf
    for step in path:
        if last == 0:
            raise BadProof("the path is too long")
        if node & 1 or node == last:
            digest = node_hash(step, digest)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            digest = node_hash(digest, step)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise BadProof("the path is too short")
    if digest != root:
        raise BadProof("the path does not lead to the root")


def verify_consistency(first: tuple[int, bytes], second: tuple[int, bytes], path: Sequence[bytes]) -> None:
    """Check that the tree `first` (size, root) is a prefix of `second`. Raises BadProof. (RFC 9162, 2.1.4.2.)"""
    (size1, root1), (size2, root2) = first, second
    if not 0 < size1 <= size2:
        raise BadProof("the first tree is empty or the larger one")
    if size1 == size2:
        if path:
            raise BadProof("no path is needed")
        if root1 != root2:
            raise BadProof("two roots for one size")
        return
    if not path:
        raise BadProof("the path is too short")
    steps = list(path)
    if size1 & (size1 - 1) == 0:
        steps.insert(0, root1)
    _follow_both(size1, size2, steps, root1, root2)


def _follow_both(size1: int, size2: int, steps: list[bytes], root1: bytes, root2: bytes) -> None:
    node, last = size1 - 1, size2 - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise BadProof("the path is too long")
        if node & 1 or node == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, step)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise BadProof("the path is too short")
    if old != root1 or new != root2:
        raise BadProof("the path does not lead to both roots")
