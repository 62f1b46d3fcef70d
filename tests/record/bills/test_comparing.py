"""What matches, what does not and by how much, of both sides."""

from __future__ import annotations

from decimal import Decimal

from headgate.record.bills.comparing import Ours, compare, ours_by_key, theirs_by_key
from headgate.record.bills.exports import Export, Line

DAY = "2026-01-01"


def report(
    lines: list[Line], ours: list[tuple[str, str, Ours]], tolerance: str = "0"
) -> dict[str, dict[str, object]]:
    body = compare(Export("openai", lines), ours_by_key(ours), tolerance_pct=Decimal(tolerance))
    return {row["model"]: row for row in body["rows"]} | {"": body}


def test_each_day_and_model_has_its_result() -> None:
    rows = report(
        [Line(DAY, "a", 2, 100, 10, 50, Decimal("0.5")), Line(DAY, "b", 1, 10, 0, 5), Line(DAY, "theirs", 1, 1, 0, 1)],
        [(DAY, "a-2024-08-06", Ours(2, 100, 10, 50, 5 * 10**11)), (DAY, "b", Ours(1, 12, 0, 5)), (DAY, "ours", Ours(1))],
    )  # fmt: skip
    assert {name: row["result"] for name, row in rows.items() if name} == {
        "a": "matches", "b": "differs", "theirs": "only_provider", "ours": "only_here",
    }  # fmt: skip
    assert rows["b"]["difference"] == {
        "requests": 0,
        "input_tokens": 2,
        "cached_tokens": 0,
        "output_tokens": 0,
    }
    assert rows["b"]["why"] == ["input_tokens: more here by 2"]
    assert rows[""]["summary"] == {"matches": 1, "differs": 1, "only_provider": 1, "only_here": 1}


def test_a_cost_that_differs_says_by_how_much_and_why() -> None:
    rows = report(
        [Line(DAY, "a", cost_usd=Decimal("1.00"))], [(DAY, "a", Ours(3, cost_pico=9 * 10**11, unpriced=1))]
    )
    assert rows["a"]["result"] == "differs"
    assert rows["a"]["difference"] == {"cost": -0.1}
    assert rows["a"]["why"] == ["cost: less here by $0.1", "1 runs have no price here"]
    assert rows[""]["totals"]["difference"] == -0.1  # type: ignore[index]


def test_the_tolerance_is_a_share_of_what_the_provider_says() -> None:
    lines = [Line(DAY, "a", 100, 1000, None, 0, Decimal(1))]
    ours = [(DAY, "a", Ours(101, 1010, 0, 0, 1_010_000_000_000))]
    assert report(lines, ours)["a"]["result"] == "differs"
    assert report(lines, ours, "1")["a"]["result"] == "matches"


def test_lines_of_one_day_and_model_are_added_up_and_silence_stays_silence() -> None:
    total = theirs_by_key([Line(DAY, "a", 1, 10), Line(DAY, "a", 2, cost_usd=Decimal("0.1"))])[DAY, "a"]
    assert total == Line(DAY, "a", 3, 10, None, None, Decimal("0.1"))
