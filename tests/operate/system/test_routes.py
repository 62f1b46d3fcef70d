"""Health, status, metrics and the pages: what they say, to whom, and that they load nothing from elsewhere."""

from __future__ import annotations

import re

import pytest

from headgate.identity.accounts.routes import router as accounts
from headgate.operate.system.routes import metrics_router, router
from headgate.store.fast import MemoryStore
from headgate.testing.frames import closed
from headgate.testing.house import House

ROUTERS = [router, metrics_router(public=False)]

pytestmark = pytest.mark.asyncio


async def protect(house: House) -> None:
    await house.configure(api_key="boot")


async def test_health_has_the_shape_of_the_contract_and_needs_no_key(house: House) -> None:
    await protect(house)
    client = house.client(ROUTERS)
    for path in ("/health", "/api/health"):
        body = (await client.get(path)).json()
        assert body == {
            "ok": True, "status": "ok", "timestamp": "2026-01-01T00:00:00.000000Z", "version": "0.1.0", "provider": "mock",
            "plasmate": False,
        }  # fmt: skip


async def test_health_answers_without_touching_the_database(house: House) -> None:
    await house.services.database.dispose()
    object.__setattr__(house.services, "database", None)
    assert (await house.client(ROUTERS).get("/health")).status_code == 200


async def test_status_tells_the_operator_of_the_parts_and_others_only_that_it_runs(house: House) -> None:
    house.services.hot["fast"] = MemoryStore()
    body = (await house.client(ROUTERS).get("/api/status")).json()
    assert body["ok"] and body["mode"] == "open" and body["database"]["ok"]
    assert body["fast"]["entries"] == 0 and body["disk"]["freeBytes"] > 0


async def test_metrics_are_valid_prometheus_text_and_need_a_right(house: House) -> None:
    house.services.hot["fast"] = MemoryStore()
    text = (await house.client(ROUTERS).get("/metrics")).text
    assert "headgate_fast_entries 0.0" in text and 'headgate_info{version="0.1.0"} 1.0' in text
    await protect(house)
    assert (await house.client(ROUTERS).get("/metrics")).status_code == 401
    public = house.client([router, metrics_router(public=True)])
    assert (await public.get("/metrics")).status_code == 200


async def test_metrics_count_all_tenants_so_no_other_tenants_admin_may_read_them(house: House) -> None:
    made = await house.client([accounts]).post("/api/v1/projects", json={"name": "beta"})
    await protect(house)
    theirs = house.client(ROUTERS, key=made.json()["data"]["apiKey"])
    assert (await theirs.get("/metrics")).status_code == 403
    assert (await house.client(ROUTERS, key="boot").get("/metrics")).status_code == 200


async def test_the_landing_page_warns_of_open_mode_and_offers_a_call_that_can_be_copied(house: House) -> None:
    page = await house.client(ROUTERS).get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "Open mode" in page.text and "curl http://localhost:4100/v1/chat/completions" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_the_landing_page_never_echoes_a_host_that_could_be_markup(house: House) -> None:
    await house.configure(hosts=("*",))
    page = await house.client(ROUTERS, headers={"host": 'x"><script>alert(1)</script>'}).get("/")
    assert "<script" not in page.text and "curl http://127.0.0.1:4100" in page.text


async def test_the_pages_load_nothing_from_another_host(house: House) -> None:
    client = house.client(ROUTERS)
    for path in ("/", "/api/docs", "/static/page.css", "/static/docs.css", "/static/docs.js"):
        text = (await client.get(path)).text
        loaded = re.findall(r"""(?<!\w)(?:src|href|url|import|fetch)\s*[=(]\s*["']?([^"'\s>)]+)""", text)
        assert not [each for each in loaded if "//" in each], path


async def test_the_openapi_document_is_the_same_at_both_addresses(house: House) -> None:
    client = house.client(ROUTERS)
    first, second = (await client.get("/api/openapi.json")).json(), (await client.get("/openapi.json")).json()
    assert first == second and first["openapi"] == "3.1.0"


async def test_the_landing_page_shows_the_last_runs_to_who_may_see_them_and_to_nobody_else(
    house: House,
) -> None:
    house.recorder.write(closed("run_01JH2M8Y2C9W5T7Q3V6X8Z1A4B", model="<b>gpt-4o</b>"))
    await house.recorder.caught_up(5)
    page = (await house.client(ROUTERS).get("/")).text
    assert "run_01JH2M8Y2C9W5T7Q3V6X8Z1A4B" in page and "&lt;b&gt;gpt-4o" in page and "<b>gpt-4o" not in page
    rebound = (await house.client(ROUTERS, headers={"host": "evil.example"}).get("/")).text
    assert "run_01JH" not in rebound
    await protect(house)
    page = await house.client(ROUTERS).get("/")
    assert page.status_code == 200 and "run_01JH" not in page.text
    assert "run_01JH" in (await house.client(ROUTERS, key="boot").get("/")).text
