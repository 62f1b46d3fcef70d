"""Detection quality is measured, not claimed: it does not get worse unnoticed, and the page says what was measured."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tools.evaluate_detection import PAGE, Quality, of_injection, of_personal, of_secrets, page

FLOORS: list[tuple[Callable[[], list[Quality]], str, float, float]] = [
    (of_secrets, "secrets, all vendors of gitleaks", 0.70, 0.20),
    (of_personal, "personal data, all kinds", 0.93, 0.01),
    (of_injection, "injection, medium sensitivity", 0.11, 0.01),
    (of_injection, "injection, high sensitivity", 0.25, 0.03),
]


@pytest.mark.parametrize(("measure", "name", "recall", "false_rate"), FLOORS)
def test_quality_does_not_fall(
    measure: Callable[[], list[Quality]], name: str, recall: float, false_rate: float
) -> None:
    found = next(row for row in measure() if row.name == name)
    assert found.recall >= recall
    assert found.false_rate <= false_rate


def test_the_page_holds_what_is_measured_now_but_for_the_times() -> None:
    def without_times(text: str) -> str:
        return re.sub(r"\| +\d+ \|\n", "|\n", text)

    written = PAGE.read_text(encoding="utf-8")
    assert without_times(page([*of_secrets(), *of_personal(), *of_injection()])) == without_times(written)
