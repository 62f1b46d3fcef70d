"""The body of a list."""

from __future__ import annotations

from headgate.kernel.pages import EXACT_TOTAL, Page, page_body


def test_a_page_says_whether_there_is_more() -> None:
    body = page_body("runs", [1, 2], Page(2, 0), 3)
    assert body == {"runs": [1, 2], "total": 3, "has_more": True, "limit": 2, "offset": 0}
    assert page_body("runs", [3], Page(2, 2), 3)["has_more"] is False


def test_beyond_the_limit_of_counting_the_total_is_a_lower_bound_and_says_so() -> None:
    body = page_body("runs", [], Page(), EXACT_TOTAL + 1)
    assert body["total"] == EXACT_TOTAL
    assert body["total_is_lower_bound"] is True
    assert "total_is_lower_bound" not in page_body("runs", [], Page(), EXACT_TOTAL)
