"""The printed pack shows what the pack says, and nothing in it can act."""

from __future__ import annotations

from typing import Any

from headgate.govern.evidence.pages import POLICY, PRINTED, page

PACK: dict[str, Any] = {
    "name": "<script>alert(1)</script>", "description": "a & b", "date_from": "x", "date_to": "y", "event_count": 1,
    "first_seq": 1, "last_seq": 1, "created_at": "z", "hash": "00", "unchanged": True, "checkpoint": None,
    "kinds": {"<b>": 1}, "decisions": {}, "rows": [{"seq": 1, "at": "t", "kind": "<i>", "hash": "ff"}],
}  # fmt: skip


def test_everything_is_escaped_and_no_script_may_run() -> None:
    html = page(PACK)

    assert not any(each in html for each in ("<script>", "<b>", "<i>"))
    assert "a &amp; b" in html
    assert "default-src 'none'" in POLICY


def test_a_pack_that_does_not_fit_says_so_and_a_long_one_is_cut() -> None:
    row = PACK["rows"][0]
    assert "NO:" in page(PACK | {"unchanged": False})
    assert "And 2 more" in page(PACK | {"rows": [row] * (PRINTED + 2)})
    signed = {"size": 5, "root": "ab", "key_id": "k", "signature": "s"}
    assert "5 entries, root ab" in page(PACK | {"checkpoint": signed})
