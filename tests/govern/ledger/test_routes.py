"""The ledger over HTTP: entries are put down and found, proofs convince, and an export proves itself without a server."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from headgate.govern.ledger import routes
from headgate.govern.ledger.checkpoints import ANCHOR_FILE, Checkpoint, PublicKey
from headgate.govern.ledger.export import BadExport, examine
from headgate.govern.ledger.merkle import verify_consistency, verify_inclusion
from headgate.govern.ledger.routes import router
from headgate.govern.ledger.tables import ledger, ledger_checkpoints, ledger_heads
from headgate.identity.keys.routes import router as keys_router
from headgate.testing.house import House

PATH = "/api/trust/ledger"


@pytest.fixture
def client(house: House) -> httpx2.AsyncClient:
    return house.client((router,))


async def put(client: httpx2.AsyncClient, count: int = 1, **more: Any) -> list[dict[str, Any]]:
    done: list[dict[str, Any]] = []
    for number in range(count):
        body = {
            "event_type": "review.done",
            "action": f"approve-{number}",
            "actor": "anna",
            "resource": "pr-7",
        } | more
        answer = await client.post(PATH, json=body)
        assert answer.status_code == 201, answer.text
        done.append(answer.json())
    return done


async def anchor(house: House, client: httpx2.AsyncClient) -> dict[str, Any]:
    """Let a second pass, so that what is there gets its checkpoint; the checkpoint of all entries."""
    house.clock.advance(2)
    for _ in range(100):
        house.recorder.hurry()
        answer = (await client.get(f"{PATH}/checkpoints")).json()
        if answer["rows"] and answer["unanchored"] == 0:
            return answer
        await asyncio.sleep(0.05)
    raise AssertionError(answer)


async def test_an_entry_is_in_the_list_and_in_the_audit_with_its_hash(client: httpx2.AsyncClient) -> None:
    first, second = await put(client, 2, detail={"why": "tested"})

    events = (await client.get(PATH)).json()
    audit = (await client.get("/api/v1/audit", params={"agent": "anna"})).json()

    newest, older = events["events"]
    assert (first["status"], events["count"], events["total"], events["has_more"]) == (
        "appended",
        2,
        2,
        False,
    )
    assert (newest["hash"], newest["prev_hash"], older["hash"]) == (
        second["hash"],
        first["hash"],
        first["hash"],
    )
    assert (older["prev_hash"], older["event_type"], older["action"], older["resource"]) == (
        "",
        "review.done",
        "approve-0",
        "pr-7",
    )
    assert newest["detail"] == {"why": "tested", "recorded_by": "usr_default"}
    assert [(each["agent"], each["decision"], each["action"]) for each in audit["events"]] == [
        ("anna", "approve-1", "pr-7"), ("anna", "approve-0", "pr-7")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("params", "count"),
    [
        ({"action": "approve-1"}, 1),
        ({"event_type": "other"}, 0),
        ({"actor": "anna"}, 3),
        ({"since": "2090-01-01T00:00:00Z"}, 0),
    ],
)
async def test_the_list_can_be_narrowed(
    client: httpx2.AsyncClient, params: dict[str, str], count: int
) -> None:
    await put(client, 3)

    assert (await client.get(PATH, params=params)).json()["count"] == count


async def test_wrong_entries_and_times_are_named(client: httpx2.AsyncClient) -> None:
    no_action = await client.post(PATH, json={"event_type": "x"})
    too_large = await client.post(
        PATH, json={"event_type": "x", "action": "y", "detail": {"a": "x" * 70_000}}
    )
    no_time = await client.get("/api/v1/audit", params={"since": "yesterday"})

    assert [each.status_code for each in (no_action, too_large, no_time)] == [400, 400, 400]
    assert "action" in no_action.text
    assert "detail" in too_large.text
    assert "since" in no_time.text


async def test_a_proof_convinces_with_nothing_but_the_public_key(
    house: House, client: httpx2.AsyncClient
) -> None:
    entries = await put(client, 5)
    told = await anchor(house, client)
    proof = (await client.get(f"{PATH}/proof/{entries[2]['id']}")).json()

    key = PublicKey.from_pem(told["public_key"].encode())
    checkpoint = Checkpoint.from_json(proof["checkpoint"])
    path = [bytes.fromhex(each) for each in proof["path"]]

    assert key.signed(checkpoint)
    verify_inclusion(
        bytes.fromhex(proof["leaf_hash"]), proof["leaf_index"], checkpoint.size, path, checkpoint.root
    )
    assert (await client.get(f"{PATH}/proof/led_nothing")).status_code == 404


async def test_consistency_of_two_sizes_is_proven(house: House, client: httpx2.AsyncClient) -> None:
    await put(client, 7)
    proof = (await client.get(f"{PATH}/consistency", params={"from": 3, "to": 7})).json()

    roots = [
        (proof["from"], bytes.fromhex(proof["from_root"])),
        (proof["to"], bytes.fromhex(proof["to_root"])),
    ]
    verify_consistency(roots[0], roots[1], [bytes.fromhex(each) for each in proof["path"]])
    assert (await client.get(f"{PATH}/consistency", params={"from": 3, "to": 8})).status_code == 400


async def test_verification_says_how_much_is_covered(house: House, client: httpx2.AsyncClient) -> None:
    await put(client, 4)
    await anchor(house, client)

    told = (await client.get(f"{PATH}/verify")).json()

    assert (told["valid"], told["events_checked"], told["unanchored"], told["broken_at_id"]) == (
        True,
        4,
        0,
        None,
    )
    assert told["checkpoints"] >= 2  # of the database and of the anchor file


async def tamper(house: House, *statements: sa.Executable) -> None:
    async with house.services.database.writing() as db:
        for statement in statements:
            await db.execute(statement)


async def test_a_flipped_a_dropped_and_a_cut_row_are_named(house: House, client: httpx2.AsyncClient) -> None:
    entries = await put(client, 5)
    await anchor(house, client)

    await tamper(house, ledger.update().where(ledger.c.id == entries[1]["id"]).values(actor="nobody"))
    flipped = (await client.get(f"{PATH}/verify")).json()
    await tamper(house, ledger.delete().where(ledger.c.id == entries[1]["id"]))
    dropped = (await client.get(f"{PATH}/verify")).json()

    assert (flipped["valid"], flipped["broken_at_id"], flipped["broken_at_seq"]) == (
        False,
        entries[1]["id"],
        2,
    )
    assert (dropped["valid"], dropped["broken_at_id"]) == (False, entries[2]["id"])


async def test_a_chain_cut_with_its_head_and_checkpoints_is_found_by_the_anchor_file(
    house: House, client: httpx2.AsyncClient
) -> None:
    entries = await put(client, 4)
    await anchor(house, client)
    await tamper(
        house,
        ledger.delete().where(ledger.c.seq > 2),
        ledger_heads.update().values(seq=2, hash=bytes.fromhex(entries[1]["hash"])),
        ledger_checkpoints.delete(),
    )

    told = (await client.get(f"{PATH}/verify")).json()

    assert (told["valid"], told["broken_at_seq"]) == (False, 3)
    assert "signed" in told["reason"]


async def test_an_export_proves_itself_offline_and_a_changed_one_does_not(
    house: House, client: httpx2.AsyncClient
) -> None:
    await put(client, 6)
    told = await anchor(house, client)
    key = PublicKey.from_pem(told["public_key"].encode())
    exported = (await client.get(f"{PATH}/export")).content
    lines = exported.splitlines(keepends=True)

    good = examine(io.BytesIO(exported), key)
    flipped = examine([*lines[:3], lines[3].replace(b"anna", b"olga"), *lines[4:]], key)
    dropped = examine([*lines[:3], *lines[4:]], key)
    cut = examine([line for line in lines if b'"seq":6' not in line], key)
    other_key = examine(io.BytesIO(exported), PublicKey.from_pem(OTHER_KEY))

    assert (good.ok, good.rows, good.anchored) == (True, 6, 6)
    assert (flipped.ok, flipped.first_bad) == (False, 3)
    assert (dropped.ok, dropped.first_bad) == (False, 3)
    assert (cut.ok, cut.first_bad) == (False, 6)
    assert not other_key.ok
    with pytest.raises(BadExport):
        examine([b"nothing\n"], key)


OTHER_KEY = b"""-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
"""


async def test_a_rebuilt_chain_is_found_by_the_signature(house: House, client: httpx2.AsyncClient) -> None:
    """Whoever rewrites rows, hashes, head and checkpoints still lacks the key."""
    await put(client, 3)
    await anchor(house, client)
    anchors = next(house.settings.data_dir.glob(str(ANCHOR_FILE)))
    lines = [json.loads(line) for line in anchors.read_text().splitlines()]
    forged = [line | {"root": "00" * 32} if line["tenant"] == "ten_default" else line for line in lines]
    anchors.write_text("".join(json.dumps(line) + "\n" for line in forged))

    told = (await client.get(f"{PATH}/verify")).json()

    assert not told["valid"]
    assert "not signed" in told["reason"]


async def test_a_key_of_one_app_cannot_see_the_ledger_of_the_tenant(
    house: House, client: httpx2.AsyncClient
) -> None:
    made = await house.client((keys_router,)).post("/api/v1/keys", json={"name": "pinned", "appId": "shop"})
    pinned = house.client((router,), key=made.json()["token"])

    assert [(await pinned.get(path)).status_code for path in (PATH, "/api/v1/audit", f"{PATH}/export")] == [
        403
    ] * 3


async def test_an_incremental_verification_begins_at_a_checkpoint(
    house: House, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "RECENT", 2)
    entries = await put(client, 5)
    await anchor(house, client)
    await put(client, 3)

    good = (await client.get(f"{PATH}/verify", params={"mode": "incremental"})).json()
    await tamper(house, ledger.update().where(ledger.c.id == entries[0]["id"]).values(hash=bytes(32)))
    bad = (await client.get(f"{PATH}/verify", params={"mode": "incremental"})).json()

    assert good["valid"]
    assert 0 < good["from_seq"] <= 6
    assert good["events_checked"] == 8 - good["from_seq"]
    assert (bad["valid"], bad["broken_at_seq"]) == (
        False,
        1,
    )  # the tree no longer fits, so it walked everything
