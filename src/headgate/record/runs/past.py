"""Past runs with what was asked and answered, newest first: for dry runs and evidence. Opened off the loop, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.kernel.logging import get_log
from headgate.record.runs.payloads import PayloadDamaged, Vault
from headgate.record.runs.queries import lists, reading
from headgate.record.runs.queries.reading import RunFilter
from headgate.record.runs.rows import Details, read_details
from headgate.store.keyfiles import read_or_make

log = get_log("runs")

PAGE = 500


@dataclass(frozen=True, slots=True)
class Past:
    """One run. Bodies are empty when they are gone (retention, erasure), or were never kept."""

    row: Any  # of table `runs`
    details: Details
    request: bytes
    response: bytes


async def past_runs(
    db: AsyncConnection, tenant: str, vault: Vault, chosen: RunFilter, *, most: int
) -> AsyncIterator[Past]:
    """At most `most` runs of those that `chosen` names. Not those that are still undrained."""
    given = 0
    while given < most:
        found = await lists.page(db, tenant, chosen, limit=min(PAGE, most - given), offset=0)
        rows = await reading.whole(db, tenant, [row.id for row in found.rows])
        if not rows:
            return
        bodies = await _bodies(db, tenant, vault, rows)
        for row in rows:
            request, response = bodies.get(row.same_as or row.id, (b"", b""))
            yield Past(row, read_details(bytes(row.details)), request, response)
        given += len(rows)
        chosen = replace(chosen, before=rows[-1].id)


async def past_run(db: AsyncConnection, tenant: str, vault: Vault, run_id: str) -> Past | None:
    """One run, for those who have no recorder. Not while it is undrained."""
    rows = await reading.whole(db, tenant, [run_id])
    if not rows:
        return None
    row = rows[0]
    bodies = await _bodies(db, tenant, vault, rows)
    return Past(row, read_details(bytes(row.details)), *bodies.get(row.same_as or row.id, (b"", b"")))


def vault_of(data_dir: Path) -> Vault:
    """Opens the payloads of a data folder."""
    return Vault(read_or_make(data_dir / "keys" / "payload.key"))


async def _bodies(
    db: AsyncConnection, tenant: str, vault: Vault, rows: Sequence[Any]
) -> dict[str, tuple[bytes, bytes]]:
    """The bodies of all the runs in the groups of these, by run id."""
    sources = [row.same_as for row in rows if row.same_as]
    holders = [*rows, *(await reading.whole(db, tenant, sources) if sources else ())]
    addresses = list({bytes(row.payload) for row in holders if row.payload is not None})
    stored = await reading.payloads_at(db, tenant, addresses)
    return await asyncio.to_thread(_open_all, vault, tenant, stored)


def _open_all(vault: Vault, tenant: str, stored: Sequence[Any]) -> dict[str, tuple[bytes, bytes]]:
    opened: dict[str, tuple[bytes, bytes]] = {}
    for each in stored:
        if each.data is None or each.wrapped is None:
            continue
        try:
            key = vault.unwrap(each.key_id, bytes(each.wrapped))
            group = vault.open(tenant, each.subject, key, bytes(each.address), bytes(each.data))
        except PayloadDamaged as error:
            log.error("runs.payload_damaged", address=str(error))
            continue
        opened.update((run_id, (request, response)) for run_id, request, response in group)
    return opened
