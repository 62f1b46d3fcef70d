"""The Merkle tree over a tenant's chain, in tiles: the drain completes them, proofs read a few of them.

Leaf n is the chain hash of row n + 1. Tiles of level 0 are the rows themselves; those above are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.ledger import queries
from headgate.govern.ledger.merkle import (
    HASH_BYTES,
    TILE,
    TILE_BITS,
    Tree,
    complete_root,
    leaf_hash,
    tiles_for,
)
from headgate.store.bulk import Bulk

Loaded = dict[tuple[int, int], list[bytes]]


def grow(db: Bulk, tenant: str, size: int) -> None:
    """Complete the tiles of a chain that has `size` rows now. In the transaction that chained them."""
    done = queries.complete_tiles(db, tenant)
    for place in range(done, size >> TILE_BITS):
        hashes = queries.hashes_between(db, tenant, place * TILE, (place + 1) * TILE)
        _put(db, tenant, 1, place, complete_root([leaf_hash(each) for each in hashes]))


def _put(db: Bulk, tenant: str, level: int, number: int, digest: bytes) -> None:
    """Hash number `number` of a level; a tile that is full gives the next hash of the level above."""
    place, inside = divmod(number, TILE)
    known = queries.tile(db, tenant, level, place)[: inside * HASH_BYTES] + digest
    queries.put_tile(db, (tenant, level, place), known)
    if inside == TILE - 1:
        _put(db, tenant, level + 1, place, complete_root(cut(known)))


def root_now(db: Bulk, tenant: str, size: int) -> bytes:
    """The root over the first `size` rows, read by the drain."""
    loaded: Loaded = {}
    for level, place in tiles_for(size, ()):
        if level == 0:
            hashes = queries.hashes_between(db, tenant, place * TILE, min((place + 1) * TILE, size))
            loaded[level, place] = [leaf_hash(each) for each in hashes]
        else:
            loaded[level, place] = cut(queries.tile(db, tenant, level, place))
    return _tree(size, loaded).root()


async def load(db: AsyncConnection, tenant: str, size: int, leaves: Iterable[int]) -> Tree:
    """The tree of the first `size` rows, ready for proofs about `leaves` (counted from 0; the size before an older end)."""
    loaded: Loaded = {}
    for level, place in tiles_for(size, leaves):
        if level == 0:
            hashes = await queries.read_hashes(db, tenant, place * TILE, min((place + 1) * TILE, size))
            loaded[level, place] = [leaf_hash(each) for each in hashes]
        else:
            loaded[level, place] = cut(await queries.read_tile(db, tenant, level, place))
    return _tree(size, loaded)


def _tree(size: int, loaded: Loaded) -> Tree:
    def tiles(level: int, place: int) -> Sequence[bytes]:
        return loaded[level, place]

    return Tree(size, tiles)


def cut(hashes: bytes) -> list[bytes]:
    """The hashes that stand in a row in `hashes`."""
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
