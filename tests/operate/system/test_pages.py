"""The pages: what they say in each mode, and that nothing in them can be markup of somebody else."""

from __future__ import annotations

from dataclasses import replace

from headgate.operate.system.pages import Landing, docs_page, landing_page, static_file

OPEN = Landing(version="1.2.3", provider="mock", protected=False, base_url="http://localhost:4100", runs=[])


def test_a_protected_server_shows_the_header_that_is_needed_and_no_runs() -> None:
    page = landing_page(replace(OPEN, protected=True, runs=None))
    assert "Authorization: Bearer" in page and "Open mode" not in page and "Last runs" not in page


def test_a_real_provider_is_named_without_the_word_on_the_mock() -> None:
    page = landing_page(replace(OPEN, provider="openai"))
    assert "provider openai" in page and "OPENAI_API_KEY" not in page


def test_runs_are_text_and_an_unknown_cost_says_so() -> None:
    run = {
        "id": "run_1",
        "createdAt": "now",
        "model": '"><script>',
        "route": "live",
        "status": "completed",
        "costUsd": None,
    }
    page = landing_page(replace(OPEN, runs=[run]))
    assert "<script" not in page and "unknown" in page and "run_1" in page


def test_only_our_own_files_are_served() -> None:
    assert static_file("docs.js") and static_file("../pages.py") is None
    assert "<script src=" in docs_page()
