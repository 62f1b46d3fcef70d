"""The landing page and the API docs in a real browser: they work, and ask no third party for anything."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, async_playwright

from tests.gateway.conftest import Running, serving
from tests.gateway.http import chat

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-sync",
]


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    if CHROMIUM is None:
        why = "no Chromium: install Debian's package `chromium`"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    async with serving(tmp_path / "data") as gateway:
        yield gateway


@pytest.fixture
async def page(running: Running) -> AsyncIterator[Page]:
    """A page that notes what it asked of other hosts and what went wrong, and has nothing to note at its end."""
    trouble: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = await browser.new_page()
        page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("request", lambda request: trouble.append(request.url) if _is_foreign(request.url) else None)
        yield page
        await browser.close()
    assert trouble == []


def _is_foreign(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and parts.hostname != "127.0.0.1"


async def test_the_landing_page_shows_mode_provider_first_call_and_last_runs(
    running: Running, page: Page
) -> None:
    answer = await running.ask(chat("seen on the page"))

    await page.goto(f"http://127.0.0.1:{running.port}/")
    text = await page.inner_text("body")

    assert "Open mode." in text
    assert "provider mock" in text
    assert f"http://127.0.0.1:{running.port}/v1" in text
    assert answer.run_id in text


async def test_the_api_docs_list_every_route_and_find_one(running: Running, page: Page) -> None:
    await page.goto(f"http://127.0.0.1:{running.port}/api/docs")
    await page.get_by_text("/v1/chat/completions").first.wait_for()

    await page.get_by_placeholder("path, word or right").fill("savings")
    await page.get_by_text("/api/v1/savings").first.wait_for()

    assert not await page.get_by_text("/v1/chat/completions").first.is_visible()
