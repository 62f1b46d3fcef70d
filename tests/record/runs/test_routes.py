"""The runs API: what it shows, whom it shows it to, and that it shows what was written a moment ago."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from headgate.call.frames import Event
from headgate.kernel.clock import SystemClock, iso
from headgate.kernel.ids import Ids
from headgate.record.runs.hot import Recorder
from headgate.record.runs.routes import router as runs_router
from headgate.record.runs.tables import late_events, run_events
from headgate.record.spend.routes import router as spend_router
from headgate.testing.clock import FixedClock
from headgate.testing.frames import closed, opened
from headgate.testing.house import House

IDS = Ids(SystemClock())
ROUTERS = (runs_router, spend_router)
HOUR_US = 3_600_000_000


@contextmanager
def no_drain(recorder: Recorder) -> Iterator[None]:
    """The drain stands still, as with a database that is locked."""
    drain = recorder._drain
    assert drain is not None
    turn, drain._turn = drain._turn, lambda: None
    drain.state.failures = 1
    try:
        yield
    finally:
        drain._turn = turn
        drain.state.failures = 0


@pytest.fixture
def client(house: House, recorder: Recorder) -> httpx2.AsyncClient:
    return house.client(ROUTERS)


async def get(client: httpx2.AsyncClient, path: str, **params: object) -> dict[str, Any]:
    answer = await client.get(path, params={name: str(value) for name, value in params.items()})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_run_can_be_read_the_moment_it_is_written(
    client: httpx2.AsyncClient, recorder: Recorder
) -> None:
    run_id = IDS.new("run")
    recorder.write(closed(run_id))
    body = await get(client, f"/api/v1/runs/{run_id}")
    run = body["run"]
    assert isinstance(run, dict)
    assert (run["status"], run["route"], run["costUsd"], run["request"]) == (
        "completed",
        "live",
        0.000425,
        {"model": "gpt-4o"},
    )
    assert run["routeExplanation"]["reason"] == "no cached answer"
    assert run["usageRaw"] == {"prompt_tokens": 50, "completion_tokens": 30}
    assert [event["type"] for event in body["events"]] == ["model.called", "run.completed"]


async def test_undrained_runs_are_in_detail_lists_integrity_and_savings(
    client: httpx2.AsyncClient, recorder: Recorder
) -> None:
    with no_drain(recorder):
        run_id = IDS.new("run")
        recorder.write(
            closed(run_id, events=[Event(1, "side_effect.planned", {"toolName": "mail", "level": 4})])
        )
        detail = await get(client, f"/api/v1/runs/{run_id}")
        assert detail["run"]["response"] == {"id": "chatcmpl-1"}
        assert detail["sideEffects"][0]["level"] == 4
        assert (await get(client, f"/api/v1/runs/{run_id}/integrity"))["ok"] is True
        listed = await get(client, "/api/v1/runs")
        assert ([run["id"] for run in listed["runs"]], listed["total"]) == ([run_id], 1)
        assert (await get(client, "/api/v1/savings"))["totalCostUsd"] == 0.000425
        traced = await client.post(
            "/api/v1/trace", json={"runId": run_id, "type": "tool.called", "payload": {"name": "a"}}
        )
        assert traced.status_code == 200
        rated = await client.post(
            f"/api/v1/runs/{run_id}/feedback", json={"type": "rating", "rating": -1, "correction": "no"}
        )
        assert rated.status_code == 200
        detail = await get(client, f"/api/v1/runs/{run_id}")
        assert [event["type"] for event in detail["events"]] == ["side_effect.planned", "tool.called"]
        assert detail["run"]["feedback"][0]["correction"] == "no"
    assert await recorder.caught_up(5)
    assert (await get(client, "/api/v1/runs"))["total"] == 1
    assert (await get(client, "/api/v1/savings"))["totalRuns"] == 1
    detail = await get(client, f"/api/v1/runs/{run_id}")
    assert [event["type"] for event in detail["events"]] == ["side_effect.planned", "tool.called"]
    assert (await get(client, f"/api/v1/runs/{run_id}/integrity"))["count"] == 2


async def test_a_call_going_on_is_a_running_run(client: httpx2.AsyncClient, recorder: Recorder) -> None:
    run_id = IDS.new("run")
    recorder.write(opened(run_id))
    assert (await get(client, f"/api/v1/runs/{run_id}"))["run"]["status"] == "running"
    assert (await get(client, "/api/v1/runs", status="running"))["runs"][0]["id"] == run_id
    traced = await client.post("/api/v1/trace", json={"runId": run_id, "type": "tool.called", "payload": {}})
    assert traced.status_code == 200
    recorder.write(closed(run_id))
    detail = await get(client, f"/api/v1/runs/{run_id}")
    assert [event["type"] for event in detail["events"]] == ["model.called", "run.completed", "tool.called"]
    assert (await get(client, f"/api/v1/runs/{run_id}/integrity"))["ok"] is True


async def test_lists_are_filtered_searched_and_paged(client: httpx2.AsyncClient, recorder: Recorder) -> None:
    clock = FixedClock()
    ids, start = list[str](), int(clock.now() * 1_000_000)
    for _ in range(7):
        ids.append(Ids(clock).new("run"))
        clock.advance(1)
    for number, run_id in enumerate(ids):
        recorder.write(
            closed(
                run_id, at_us=start + number * 1_000_000, app=f"app-{number % 2}", agent="bot" if number == 3 else "anonymous",
                model="gpt-4o" if number else "other", status="failed" if number == 5 else "completed",
                route="exact_cache" if number == 6 else "live", preview=f"Question 100% number {number}",
            )
        )  # fmt: skip

    async def chosen(**params: object) -> list[int]:
        return [ids.index(run["id"]) for run in (await get(client, "/api/v1/runs", **params))["runs"]]

    assert await chosen() == [6, 5, 4, 3, 2, 1, 0]
    assert await chosen(limit=2, offset=1) == [5, 4]
    assert await chosen(app="app-1") == [5, 3, 1]
    assert await chosen(agent="bot") == [3]
    assert await chosen(model="other") == [0]
    assert await chosen(status="failed") == [5]
    assert await chosen(route="exact_cache") == [6]
    assert await chosen(q="NUMBER 2") == [2]
    assert await chosen(q="100% number 4") == [4]
    assert await chosen(q="1%0") == []
    assert await chosen(since=iso(start + 5_000_000)) == [6, 5]
    assert await chosen(until=(start + 1_000_000) / 1e6) == [0]
    first = await get(client, "/api/v1/runs", limit=3)
    assert (first["total"], first["has_more"]) == (7, True)
    second = await get(client, "/api/v1/runs", limit=3, cursor=first["cursor"])
    assert [ids.index(run["id"]) for run in second["runs"]] == [3, 2, 1]
    last = await get(client, "/api/v1/runs", limit=3, cursor=second["cursor"])
    assert ([ids.index(run["id"]) for run in last["runs"]], last["cursor"]) == ([0], None)


@pytest.mark.parametrize(
    "params", [{"since": "yesterday"}, {"limit": "501"}, {"offset": "-1"}, {"until": "1e400"}]
)
async def test_a_bad_query_is_a_400_that_names_the_field(
    client: httpx2.AsyncClient, params: dict[str, str]
) -> None:
    answer = await client.get("/api/v1/runs", params=params)
    assert answer.status_code == 400
    assert next(iter(params)) in answer.text


async def test_pages_stay_whole_while_some_runs_are_undrained(
    client: httpx2.AsyncClient, recorder: Recorder
) -> None:
    ids = [IDS.new("run") for _ in range(9)]
    for run_id in ids[:3] + ids[5:6]:
        recorder.write(closed(run_id))
    assert await recorder.caught_up(5)
    with no_drain(recorder):
        for run_id in ids[3:5] + ids[6:]:
            recorder.write(closed(run_id))
        seen: list[str] = []
        for offset in range(0, 9, 2):
            seen += [run["id"] for run in (await get(client, "/api/v1/runs", limit=2, offset=offset))["runs"]]
    assert seen == ids[::-1]


async def test_other_tenants_and_apps_see_nothing(
    house: House, client: httpx2.AsyncClient, recorder: Recorder
) -> None:
    theirs, mine = IDS.new("run"), IDS.new("run")
    recorder.write(closed(theirs, tenant="ten_other", preview="marker"))
    recorder.write(closed(mine, app="support"))
    for _ in range(2):
        assert (await client.get(f"/api/v1/runs/{theirs}")).status_code == 404
        assert (await client.get(f"/api/v1/runs/{theirs}/integrity")).status_code == 404
        assert (
            await client.post("/api/v1/trace", json={"runId": theirs, "type": "a", "payload": {}})
        ).status_code == 404
        assert (await client.post(f"/api/v1/runs/{theirs}/feedback", json={"rating": 1})).status_code == 404
        listed = await client.get("/api/v1/runs", params={"q": "marker"})
        assert (listed.json()["total"], theirs in listed.text) == (0, False)
        assert await recorder.caught_up(5)
    assert (await get(client, "/api/v1/savings"))["totalRuns"] == 1


async def test_a_changed_event_is_found_and_named(
    house: House, client: httpx2.AsyncClient, recorder: Recorder
) -> None:
    run_id = IDS.new("run")
    recorder.write(closed(run_id))
    assert await recorder.caught_up(5)
    async with house.services.database.writing() as db:
        blob = (await db.execute(sa.select(run_events.c.chain))).scalar_one()
        await db.execute(run_events.update().values(chain=blob.replace(b"run.completed", b"run.kompleted")))
    report = await get(client, f"/api/v1/runs/{run_id}/integrity")
    assert (report["ok"], report["firstBadIndex"], report["firstBad"]["type"]) == (False, 1, "run.kompleted")


async def test_a_removed_late_event_breaks_the_chain_of_the_next(
    house: House, client: httpx2.AsyncClient, recorder: Recorder
) -> None:
    run_id = IDS.new("run")
    recorder.write(closed(run_id))
    for name in ("one", "two"):
        await client.post("/api/v1/trace", json={"runId": run_id, "type": name, "payload": {}})
    assert (await get(client, f"/api/v1/runs/{run_id}/integrity"))["count"] == 4
    async with house.services.database.writing() as db:
        await db.execute(late_events.delete().where(late_events.c.number == 0))
    assert (await get(client, f"/api/v1/runs/{run_id}/integrity"))["firstBadIndex"] == 2


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/v1/trace", {"runId": "run_none", "type": "a", "payload": {}}, 404),
        ("/api/v1/trace", {"runId": "run_none", "type": "a b", "payload": {}}, 400),
        ("/api/v1/trace", {"runId": "run_none", "type": "a", "payload": []}, 400),
        ("/api/v1/trace", {"runId": "run_none", "type": "a", "payload": {"x": "y" * 300_000}}, 413),
        ("/api/v1/runs/run_none/feedback", {"rating": 1}, 404),
        ("/api/v1/runs/run_none/feedback", {"rating": 2}, 400),
        ("/api/v1/runs/run_none/feedback", {"type": "correction"}, 400),
        ("/api/v1/runs/run_none/feedback", {}, 400),
        ("/api/v1/ingest/prompt", {"source": "x"}, 400),
    ],
)
async def test_what_can_not_be_added_is_refused(
    client: httpx2.AsyncClient, path: str, body: object, status: int
) -> None:
    answer = await client.post(path, json=body)
    assert answer.status_code == status, answer.text


async def test_an_exact_repeat_shows_the_bodies_of_the_run_it_repeats(
    client: httpx2.AsyncClient, recorder: Recorder
) -> None:
    first, second = IDS.new("run"), IDS.new("run")
    recorder.write(closed(first))
    recorder.write(
        closed(
            second,
            route="exact_cache",
            request=b"",
            response=b"",
            same_as=first,
            cost_pico=0,
            saved_pico=425_000_000,
        )
    )
    run = (await get(client, f"/api/v1/runs/{second}"))["run"]
    assert (run["response"], run["savedUsd"]) == ({"id": "chatcmpl-1"}, 0.000425)
    savings = await get(client, "/api/v1/savings")
    assert (savings["totalRuns"], savings["liveRuns"], savings["optimizedRuns"]) == (2, 1, 1)
    assert (savings["totalSavedUsd"], savings["cacheHitRate"], savings["artifactHitRate"]) == (
        0.000425,
        0.5,
        0.0,
    )


async def test_an_ingested_prompt_is_a_completed_run_that_costs_nothing(client: httpx2.AsyncClient) -> None:
    body = {
        "source": "claude-code",
        "prompt": "Fix the bug",
        "sessionId": "s1",
        "metadata": {"project": "support"},
    }
    run_id = (await client.post("/api/v1/ingest/prompt", json=body)).json()["runId"]
    run = (await get(client, f"/api/v1/runs/{run_id}"))["run"]
    assert (run["route"], run["status"], run["costUsd"], run["session"]) == ("ingest", "completed", 0, "s1")
    assert (run["request"], run["metadata"]) == ({"prompt": "Fix the bug"}, {"project": "support"})
    savings = await get(client, "/api/v1/savings")
    assert (savings["totalRuns"], savings["liveRuns"], savings["totalCostUsd"]) == (1, 0, 0.0)


async def test_ghost_and_blocked_runs_are_told_apart(client: httpx2.AsyncClient, recorder: Recorder) -> None:
    recorder.write(closed(IDS.new("run"), mode="observe", ghost_route="exact_cache", ghost_saved_pico=10**12))
    recorder.write(closed(IDS.new("run"), status="blocked", route="blocked", cost_pico=0))
    recorder.write(closed(IDS.new("run"), cost_pico=None, price_known=False))
    savings = await get(client, "/api/v1/savings")
    assert (
        savings["ghostSavedUsd"],
        savings["blockedRuns"],
        savings["liveRuns"],
        savings["unpricedRuns"],
    ) == (1.0, 1, 2, 1)
    hour = 1_767_225_600
    assert (await get(client, "/api/v1/savings", since=hour + 3600))["totalRuns"] == 0
    assert (await get(client, "/api/v1/savings", since=hour, app="default-app"))["totalRuns"] == 3


async def test_web_fetches_traced_by_an_sdk_count_as_saved_tokens(
    client: httpx2.AsyncClient, recorder: Recorder
) -> None:
    run_id = IDS.new("run")
    recorder.write(closed(run_id))
    event = {"runId": run_id, "type": "web.fetched", "payload": {"tokensSavedEstimate": 1200}}
    assert (await client.post("/api/v1/trace", json=event)).status_code == 200
    assert (await get(client, "/api/v1/savings"))["webTokensSaved"] == 1200
