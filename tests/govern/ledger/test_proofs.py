"""Proofs from the database: what is not there or not signed yet is said, and sizes that make no sense are named."""

from __future__ import annotations

import asyncio

import pytest

from headgate.govern.ledger import proofs
from headgate.govern.ledger.proofs import NoSuchRow, NotAnchored
from headgate.kernel.errors import BadRequest
from headgate.store.engine import Database
from headgate.testing.clock import FixedClock
from tests.govern.ledger.test_tree import TENANT, _chain


async def test_what_cannot_be_proven_says_why(
    database: Database, database_url: str, clock: FixedClock
) -> None:
    await asyncio.to_thread(_chain, database_url, clock, 3)
    async with database.reading() as db:
        [first, *_] = await proofs.queries.page_after(db, TENANT, 0, 1)
        with pytest.raises(NotAnchored):
            await proofs.inclusion(db, TENANT, first.id)
        with pytest.raises(NoSuchRow):
            await proofs.inclusion(db, "ten_other", first.id)
        assert await proofs.newest(db, TENANT) is None
        for sizes in ((0, 2), (2, 1), (1, 4)):
            with pytest.raises(BadRequest):
                await proofs.consistency(db, TENANT, *sizes)
