"""The tree over the chain: tiles are completed as rows come, also for a chain from before there were tiles."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from headgate.govern.ledger import queries, service, tree
from headgate.govern.ledger.merkle import Frontier, leaf_hash, verify_consistency, verify_inclusion
from headgate.govern.ledger.service import Act
from headgate.govern.ledger.tables import ledger_tiles
from headgate.kernel.ids import Ids
from headgate.store.bulk import open_bulk
from headgate.store.engine import Database
from headgate.testing.clock import FixedClock

TENANT = "ten_a"


def _chain(url: str, clock: FixedClock, *counts: int) -> None:
    db = open_bulk(url)
    ids = Ids(clock)
    for count in counts:
        acts = [(TENANT, Act.now(ids, clock, kind="k", actor="a", target=str(n))) for n in range(count)]
        with db.transaction():
            service.chain(db, acts)
    db.close()


def _root_now(url: str, size: int) -> bytes:
    db = open_bulk(url)
    root = tree.root_now(db, TENANT, size)
    db.close()
    return root


async def _plain(database: Database, size: int) -> tuple[list[bytes], bytes]:
    async with database.reading() as db:
        leaves = [leaf_hash(each) for each in await queries.read_hashes(db, TENANT, 0, size)]
    frontier = Frontier()
    for leaf in leaves:
        frontier.add(leaf)
    return leaves, frontier.root()


@pytest.mark.parametrize("counts", [(1,), (255, 1), (256, 1), (300, 300, 1), (100,) * 9])
async def test_the_root_is_that_of_the_rows(
    database: Database, database_url: str, clock: FixedClock, counts: tuple[int, ...]
) -> None:
    await asyncio.to_thread(_chain, database_url, clock, *counts)
    size = sum(counts)

    leaves, root = await _plain(database, size)

    assert len(leaves) == size
    assert await asyncio.to_thread(_root_now, database_url, size) == root


async def test_proofs_from_the_database_convince(
    database: Database, database_url: str, clock: FixedClock
) -> None:
    await asyncio.to_thread(_chain, database_url, clock, 700, 100)
    leaves, root = await _plain(database, 800)
    _, older = await _plain(database, 300)

    async with database.reading() as db:
        for leaf in (0, 255, 256, 511, 512, 799):
            loaded = await tree.load(db, TENANT, 800, [leaf])
            verify_inclusion(leaves[leaf], leaf, 800, loaded.inclusion(leaf), root)
        loaded = await tree.load(db, TENANT, 800, [299])
        verify_consistency((300, older), (800, root), loaded.consistency(300))


async def test_a_chain_from_before_there_were_tiles_gets_them_with_its_next_row(
    database: Database, database_url: str, clock: FixedClock
) -> None:
    await asyncio.to_thread(_chain, database_url, clock, 600)
    async with database.writing() as db:
        await db.execute(sa.delete(ledger_tiles))
    await asyncio.to_thread(_chain, database_url, clock, 1)

    _, root = await _plain(database, 601)

    assert await asyncio.to_thread(_root_now, database_url, 601) == root
