"""One object of the default tenant behind every path with an `{id}`, so that another tenant can ask for it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2

from headgate.govern.approvals.book import ASKED, Wish, asked
from headgate.kernel.clock import to_us
from headgate.operate.jobs.service import Enqueuer, NewJob
from headgate.record.runs.jobs import TRUST
from headgate.testing.frames import closed
from headgate.testing.house import House

RUN = "run_01JH2M8Y2C9W5T7Q3V6X8Z1A4B"
RESPONSE = "resp_hg1"
AGENT = "some-agent"
WISH = Wish("ten_default", "key_x", AGENT, "a", "", "write:email", "marker_tool", b"{}", "p", "1", "rule 1")
# what is made through the API: path of the collection, and the body
MADE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/api/guardrails", {"name": "marker", "pattern": "marker"}),
    ("/api/trust/policies", {"name": "marker", "rules": [{"effect": "deny", "actions": ["write:marker"]}]}),
    ("/api/trust/ledger", {"event_type": "marker", "action": "marker"}),
    ("/api/trust/evidence", {"name": "marker", "date_from": "2020-01-01"}),
    ("/api/v1/credentials", {"name": "marker", "value": "marker-secret"}),
)


async def objects(house: House, owner: httpx2.AsyncClient) -> dict[str, str]:
    """Path in front of `/{id}` to the id of an object there."""
    wish = asked(WISH, "apr_contract", to_us(house.clock.now()), {"tool": "marker_tool"})
    said = b'{"id":"resp_hg1","object":"response","output":[{"marker":1}]}'
    house.recorder.write(closed(RUN, app="marker-app", agent=AGENT, explanation={ASKED: [wish]}))
    house.recorder.write(closed(RUN[:-1] + "C", response=said, explanation={"response_id": RESPONSE}))
    assert await house.recorder.caught_up(5)
    found = {
        "/v1/responses": RESPONSE, "/api/v1/runs": RUN, "/api/v1/agents": AGENT, "/api/v1/approvals": "apr_contract",
    }  # fmt: skip
    for path, body in MADE:
        answer = await owner.post(path, json=body)
        assert answer.status_code in (200, 201), (path, answer.text)
        found[path] = answer.json().get("id") or answer.json()["credential"]["id"]
    async with house.services.database.writing() as db:
        queue = Enqueuer(house.services.ids, house.clock)
        found["/api/v1/jobs"] = await queue.enqueue(db, NewJob(TRUST, "ten_default"))
    found["/api/trust/ledger/proof"] = found["/api/trust/ledger"]
    await _anchored(house, owner)
    return found


async def _anchored(house: House, owner: httpx2.AsyncClient) -> None:
    """Until a checkpoint covers what is in the ledger."""
    house.clock.advance(2)
    for _ in range(100):
        house.recorder.hurry()
        told = (await owner.get("/api/trust/ledger/checkpoints")).json()
        if told["rows"] and told["unanchored"] == 0:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(told)
