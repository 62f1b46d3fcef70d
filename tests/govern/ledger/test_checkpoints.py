"""Checkpoints: signed when due, in the database and in the anchor file, and no signature fits anything else."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from headgate.govern.ledger import service
from headgate.govern.ledger.checkpoints import (
    ANCHOR_FILE,
    KEY_FILE,
    PUBLIC_FILE,
    Notary,
    PublicKey,
    anchored,
)
from headgate.govern.ledger.service import Act
from headgate.kernel.ids import Ids
from headgate.store.bulk import open_bulk
from headgate.testing.clock import FixedClock


class Office:
    """A notary at work beside a chain."""

    def __init__(self, url: str, folder: Path, clock: FixedClock) -> None:
        self._url = url
        self._clock = clock
        self.notary = Notary(folder, clock)

    def add(self, count: int, tenant: str = "ten_a") -> int:
        """Chain `count` acts and let the notary look; how many checkpoints that made."""
        db = open_bulk(self._url)
        ids = Ids(self._clock)
        with db.transaction():
            service.chain(
                db, [(tenant, Act.now(ids, self._clock, kind="k", actor="a")) for _ in range(count)]
            )
        made = self.notary.turn(db)
        db.close()
        return made


@pytest.fixture
def office(database: object, database_url: str, tmp_path: Path, clock: FixedClock) -> Office:
    return Office(database_url, tmp_path, clock)


async def test_a_checkpoint_is_due_after_a_second_or_a_hundred_rows(
    office: Office, clock: FixedClock
) -> None:
    assert await asyncio.to_thread(office.add, 1) == 1
    assert await asyncio.to_thread(office.add, 50) == 0
    assert await asyncio.to_thread(office.add, 50) == 1
    assert await asyncio.to_thread(office.add, 1) == 0
    clock.advance(1)
    assert await asyncio.to_thread(office.add, 0) == 1
    assert await asyncio.to_thread(office.add, 0) == 0


async def test_the_anchor_file_holds_every_checkpoint_and_its_signature_fits(
    office: Office, tmp_path: Path
) -> None:
    for tenant in ("ten_a", "ten_b"):
        await asyncio.to_thread(office.add, 100, tenant)
    key = PublicKey.from_pem((tmp_path / PUBLIC_FILE).read_bytes())

    found = list(anchored(tmp_path))

    assert [(each.tenant, each.size, each.key_id) for each in found] == [
        ("ten_a", 100, key.id),
        ("ten_b", 100, key.id),
    ]
    assert all(key.signed(each) for each in found)
    assert [each.tenant for each in anchored(tmp_path, "ten_b")] == ["ten_b"]


async def test_a_changed_checkpoint_is_not_signed(office: Office, tmp_path: Path) -> None:
    await asyncio.to_thread(office.add, 100)
    checkpoint = next(anchored(tmp_path))
    key = office.notary.public

    changed = (
        replace(checkpoint, size=99), replace(checkpoint, root=bytes(32)), replace(checkpoint, tenant="ten_b"),
        replace(checkpoint, at_us=checkpoint.at_us + 1),
    )  # fmt: skip

    assert key.signed(checkpoint)
    assert not any(key.signed(each) for each in changed)


async def test_a_line_that_a_crash_cut_is_passed_over(office: Office, tmp_path: Path) -> None:
    await asyncio.to_thread(office.add, 100)
    with (tmp_path / ANCHOR_FILE).open("ab") as file:
        file.write(b'{"tenant":"ten_a","size":')

    assert [each.size for each in anchored(tmp_path)] == [100]


async def test_the_signing_key_is_its_owners_only_and_stays(
    office: Office, tmp_path: Path, clock: FixedClock
) -> None:
    again = Notary(tmp_path, clock)

    assert again.public.id == office.notary.public.id
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
