"""A pack holds the hashes of its period, says when the ledger does not hold them any more, and proves its ends."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from headgate.call.caller import DEFAULT_TENANT
from headgate.govern.evidence import packs
from headgate.govern.evidence.routes import router
from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.routes import router as ledger_router
from headgate.govern.ledger.tables import ledger as rows
from headgate.kernel.clock import iso, to_us
from headgate.testing.house import House

PATH = "/api/trust/evidence"


@pytest.fixture
def client(house: House) -> httpx2.AsyncClient:
    return house.client((router, ledger_router))


async def entries(house: House, *kinds: str) -> None:
    for kind in kinds:
        house.clock.advance(1)
        async with house.services.database.writing() as db:
            act = ledger.Act.now(house.services.ids, house.clock, kind=kind, actor="a", decision="deny")
            await ledger.append(db, DEFAULT_TENANT, act)
    await settled(house)


async def settled(house: House) -> None:
    """Until the drain has numbered everything."""
    for _ in range(200):
        house.recorder.hurry()
        await house.recorder.caught_up(1)
        async with house.services.database.reading() as db:
            if not await db.scalar(sa.select(sa.func.count()).where(rows.c.seq.is_(None))):
                return


async def made(client: httpx2.AsyncClient, **period: Any) -> dict[str, Any]:
    told = await client.post(PATH, json={"name": "Audit", **period})
    assert told.status_code == 201, told.text
    return told.json()


async def test_a_pack_has_the_rows_of_its_period_and_a_hash_over_them(
    house: House, client: httpx2.AsyncClient
) -> None:
    await entries(house, "before", "one")
    since = iso(to_us(house.clock.now()))
    await entries(house, "two", "two", "three")
    pack = await made(client, date_from=since)
    await entries(house, "after")

    told = await client.get(f"{PATH}/{pack['id']}")
    body = told.json()

    assert (pack["event_count"], body["kinds"]) == (4, {"one": 1, "two": 2, "three": 1})
    assert [row["seq"] for row in body["rows"]] == [2, 3, 4, 5]
    assert (body["unchanged"], body["decisions"]) == (True, {"deny": 4})
    outside = ("hash", "unchanged", "created_at", "checkpoint", "proofs")
    contents = {name: value for name, value in body.items() if name not in outside}
    canonical = json.dumps(contents, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert sha256(canonical).hexdigest() == pack["hash"] == body["hash"]
    assert [each["id"] for each in (await client.get(PATH)).json()["packs"]] == [pack["id"]]
    kinds = [each["event_type"] for each in (await client.get("/api/trust/ledger")).json()["events"]]
    assert "evidence.generated" in kinds


async def test_a_row_that_was_changed_afterwards_is_told(house: House, client: httpx2.AsyncClient) -> None:
    await entries(house, "one", "two")
    pack = await made(client, date_from="2020-01-01")
    async with house.services.database.writing() as db:
        await db.execute(sa.update(rows).where(rows.c.kind == "two").values(kind="harmless"))

    assert (await client.get(f"{PATH}/{pack['id']}")).json()["unchanged"] is False
    assert "NO:" in (await client.get(f"{PATH}/{pack['id']}?format=html")).text


async def test_its_ends_are_proven_once_a_checkpoint_covers_them(
    house: House, client: httpx2.AsyncClient
) -> None:
    await entries(house, *["x"] * 5)
    pack = await made(client, date_from="2020-01-01")
    await entries(house, *["later"] * 110)
    body: dict[str, Any] = {}
    for _ in range(100):
        house.recorder.hurry()
        body = (await client.get(f"{PATH}/{pack['id']}")).json()
        if len(body["proofs"]) == 2:
            break
    assert [proof["seq"] for proof in body["proofs"]] == [1, 5]
    assert body["checkpoint"]["size"] >= 5


async def test_a_page_to_print(house: House, client: httpx2.AsyncClient) -> None:
    await entries(house, "one")
    pack = await made(client, date_from="2020-01-01", description="<x>")
    told = await client.get(f"{PATH}/{pack['id']}?format=html")

    assert told.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in told.headers["content-security-policy"]
    assert pack["hash"] in told.text and "&lt;x&gt;" in told.text


async def test_what_is_wrong_is_refused(
    house: House, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for body in (
        {"name": "x", "date_from": "never"}, {"name": "x"}, {"name": "", "date_from": "2025-01-01"},
        {"name": "x", "date_from": "2025-02-01", "date_to": "2025-01-01"},
    ):  # fmt: skip
        assert (await client.post(PATH, json=body)).status_code == 400, body
    assert (await client.get(f"{PATH}/ep_none")).status_code == 404
    await entries(house, "one", "two")
    monkeypatch.setattr(packs, "MAX_ROWS", 1)
    told = await client.post(PATH, json={"name": "x", "date_from": "2020-01-01"})
    assert (told.status_code, told.json()["error"]["param"]) == (400, "date_to")


async def test_a_day_as_end_is_part_of_the_period(house: House, client: httpx2.AsyncClient) -> None:
    await entries(house, "one")
    day = iso(to_us(house.clock.now()))[:10]

    assert (await made(client, date_from=day, date_to=day))["event_count"] == 1
