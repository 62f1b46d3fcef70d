"""The packet of a run: rows by relation, proofs that hold, nothing that was planted, and a hash over all of it."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import httpx2
import pytest

from headgate.call.caller import DEFAULT_TENANT
from headgate.govern.evidence.packets import WITHHELD
from headgate.govern.evidence.routes import router
from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.merkle import verify_inclusion
from headgate.govern.ledger.routes import router as ledger_router
from headgate.identity.keys.routes import router as keys_router
from headgate.record.runs.routes import router as runs_router
from headgate.testing.frames import closed
from headgate.testing.house import House

RUN = "run_01JH2M8Y2C9W5T7Q3V6X8Z1A4B"
MAIL = "jane.doe@example.com"
KEY = "sk-proj-" + "aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA"


@pytest.fixture
def client(house: House) -> httpx2.AsyncClient:
    return house.client((router, ledger_router, runs_router, keys_router))


async def entry(house: House, kind: str, target: str = "", run_id: str = "", count: int = 1) -> None:
    async with house.services.database.writing() as db:
        for _ in range(count):
            act = ledger.Act.now(
                house.services.ids,
                house.clock,
                kind=kind,
                actor="a",
                target=target,
                run_id=run_id,
                detail={"by": MAIL},
            )
            await ledger.append(db, DEFAULT_TENANT, act)


def ask(text: str) -> bytes:
    return json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": text}]}).encode()


async def record(house: House, **given: Any) -> None:
    verdict = {
        "verdict": "deny", "policy": "mail", "version": "1", "rule": "no mail", "action": "execute:send", "tool": "send",
        "passed": False,
    }  # fmt: skip
    fields: dict[str, Any] = {
        "request": ask(f"my key is {KEY}, mail {MAIL}"), "explanation": {"route": "live", "policy": [verdict]},
        "preview": f"mail {MAIL}",
    }  # fmt: skip
    house.recorder.write(closed(RUN, **(fields | given)))
    assert await house.recorder.caught_up(5)


async def packet(client: httpx2.AsyncClient, query: str = "") -> dict[str, Any]:
    told = await client.get(f"/api/v1/runs/{RUN}/evidence-packet{query}")
    assert told.status_code == 200, told.text
    return told.json()


async def test_rows_are_chosen_by_relation_however_many_newer_ones_there_are(
    house: House, client: httpx2.AsyncClient
) -> None:
    await entry(house, "policy.updated", "mail")
    await record(house)
    await entry(house, "noise", "elsewhere", "run_other", count=600)

    kinds = [row["kind"] for row in (await packet(client))["audit"]]

    assert sorted(kinds) == ["policy.updated", "policy.verdict", "runs.recorded"]


async def test_nothing_planted_is_in_it_and_admins_may_see_it(
    house: House, client: httpx2.AsyncClient
) -> None:
    await entry(house, "policy.updated", "mail")
    await record(house)

    told, open_one = await packet(client), await packet(client, "?redact=false")

    assert (told["redacted"], open_one["redacted"]) == (True, False)
    assert not any(each in json.dumps(told) for each in (KEY, MAIL))
    assert all(each in json.dumps(open_one) for each in (KEY, MAIL))
    assert told["replay"]["requestSha256"] == sha256(ask(f"my key is {KEY}, mail {MAIL}")).hexdigest()
    made = await client.post("/api/v1/keys", json={"name": "u"})
    user = house.client((router,), key=made.json()["token"])
    refused = await user.get(f"/api/v1/runs/{RUN}/evidence-packet?redact=false")
    assert refused.status_code == 403 and "evidence:admin" in refused.text
    assert (await user.get(f"/api/v1/runs/{RUN}/evidence-packet")).status_code == 200


async def test_a_secret_cut_into_the_events_of_a_stream_is_found(
    house: House, client: httpx2.AsyncClient
) -> None:
    def event(content: str, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": {"role": "assistant", "content": content}, "finish_reason": finish}
        chunk = {
            "id": "c",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [choice],
        }
        return b"data: " + json.dumps(chunk).encode() + b"\n\n"

    stream = event(KEY[:20]) + event(KEY[20:], "stop") + b"data: [DONE]\n\n"
    await record(house, response=stream, stream=True)
    whole = await packet(client)
    answer = whole["replay"]["response"]["choices"][0]["message"]["content"]

    assert answer.startswith("[redacted:")
    assert KEY[20:] not in json.dumps(whole)


async def test_a_broken_stream_is_withheld(house: House, client: httpx2.AsyncClient) -> None:
    await record(house, response=b'data: {"choices":[{"delta":{"content":"' + KEY[:20].encode(), stream=True)

    assert (await packet(client))["replay"]["response"] == WITHHELD
    assert KEY[:20] in (await packet(client, "?redact=false"))["replay"]["response"]


async def test_the_hash_is_over_the_canonical_json_of_all_else(
    house: House, client: httpx2.AsyncClient
) -> None:
    await record(house)
    for path in ("evidence-packet", "replay-bundle"):
        body = (await client.get(f"/api/v1/runs/{RUN}/{path}")).content
        fields = json.loads(body)
        digest = fields.pop("hash")
        without = body.replace(f'"hash":"{digest}",'.encode(), b"", 1)

        assert sha256(without).hexdigest() == digest


async def test_rows_before_a_checkpoint_are_proven_and_the_run_among_them(
    house: House, client: httpx2.AsyncClient
) -> None:
    await record(house)
    house.clock.advance(2)  # a checkpoint is due
    await entry(house, "noise")
    house.recorder.hurry()
    assert await house.recorder.caught_up(5)
    for _ in range(100):
        told = await packet(client)
        if not told["unanchored"]:
            break
    rows = {row["id"]: row for row in told["audit"]}
    assert {rows[proof["id"]]["kind"] for proof in told["proofs"]} == {"policy.verdict", "runs.recorded"}
    for proof in told["proofs"]:
        path = [bytes.fromhex(each) for each in proof["path"]]
        leaf, root = bytes.fromhex(proof["leaf_hash"]), bytes.fromhex(proof["checkpoint"]["root"])
        verify_inclusion(leaf, proof["leaf_index"], proof["checkpoint"]["size"], path, root)


async def test_a_pinned_key_sees_its_apps_runs_and_no_policy_of_the_tenant(
    house: House, client: httpx2.AsyncClient
) -> None:
    await entry(house, "policy.updated", "mail")
    await record(house)
    for app, status in (("default-app", 200), ("other", 404)):
        made = await client.post("/api/v1/keys", json={"name": app, "appId": app})
        pinned = house.client((router,), key=made.json()["token"])
        told = await pinned.get(f"/api/v1/runs/{RUN}/evidence-packet")
        assert told.status_code == status
        if status == 200:
            assert {row["kind"] for row in told.json()["audit"]} == {"policy.verdict", "runs.recorded"}


async def test_a_bundle_has_what_a_replay_needs(house: House, client: httpx2.AsyncClient) -> None:
    await record(house, request=ask("hello"))
    for kind, payload in (
        ("tool.called", {"name": "search", "args": {"q": "x"}}), ("tool.completed", {"name": "search", "result": "y"}),
        ("side_effect.planned", {"toolName": "send", "level": 3, "payload": {}}),
    ):  # fmt: skip
        assert (
            await client.post("/api/v1/trace", json={"runId": RUN, "type": kind, "payload": payload})
        ).status_code == 200
    told = (await client.get(f"/api/v1/runs/{RUN}/replay-bundle")).json()

    assert told["material"]["request"]["messages"][0]["content"] == "hello"
    assert told["material"]["endpoint"] == "/v1/chat/completions"
    assert [each["type"] for each in told["toolEvents"]] == ["tool.called", "tool.completed"]
    assert [each["toolName"] for each in told["suppress"]] == ["send"]
    assert (await client.get("/api/v1/runs/run_none/replay-bundle")).status_code == 404
