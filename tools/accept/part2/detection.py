"""Item 8: the table of detection quality is in the docs, and a command makes the same one again."""

from __future__ import annotations

import re

from tools.accept.outcome import Findings
from tools.evaluate_detection import PAGE, of_injection, of_personal, of_secrets, page

SUBJECTS = ("secrets", "personal data", "injection")


def run(found: Findings) -> None:
    rows = [*of_secrets(), *of_personal(), *of_injection()]
    for subject in SUBJECTS:
        of_it = [row for row in rows if row.name.startswith(subject)]
        found.expect(bool(of_it), f"nothing is measured of {subject}")
        for row in of_it:
            found.expect(row.there > 0 and row.clean > 0, f"{row.name}: no texts to measure on")
            found.figure(
                f"{row.name}: recall {row.recall:.1%}, false alarms {row.false_rate:.1%}, {row.us:.0f} us"
            )
    written = PAGE.read_text(encoding="utf-8")
    found.expect(
        _plain(page(rows)) == _plain(written), "docs/reference/detection.md is not what the command writes"
    )


def _plain(text: str) -> str:
    """Without the times, which differ from machine to machine."""
    return re.sub(r"\| +\d+ \|\n", "|\n", text)
