"""Influences: a low lane taints a run, a trusted one covers it, and each tenant and run stands for itself."""

from __future__ import annotations

import pytest

from headgate.govern.approvals.influence import InfluenceBook, is_tainted_by


@pytest.mark.parametrize(
    ("lanes", "tainted"),
    [
        ([], False), (["untrusted"], True), (["observed"], True), (["verified"], False), (["untrusted", "verified"], False),
        (["human_approved", "observed"], False), (["untrusted", "observed"], True),
    ],
)  # fmt: skip
def test_lanes(lanes: list[str], tainted: bool) -> None:
    book = InfluenceBook()
    for lane in lanes:
        book.note("ten_a", "run_1", lane)

    assert book.is_tainted("ten_a", "run_1") is is_tainted_by(lanes) is tainted
    assert not book.is_tainted("ten_b", "run_1")
    assert not book.is_tainted("ten_a", "")
