"""`make bench` meets its gates, and the README shows the table with the command and the machine."""

from __future__ import annotations

import subprocess
import sys

from tools.accept.outcome import Findings
from tools.rig.processes import ROOT

PASSED, FAILED = " yes |", " **no** |"


def run(found: Findings) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=3600
    )
    rows = [line for line in done.stdout.splitlines() if line.endswith((PASSED, FAILED))]
    found.expect(
        len(rows) >= 12, f"only {len(rows)} gated figures: {done.stdout[-300:]} {done.stderr[-500:]}"
    )
    for row in rows:
        what, figure, gate = (cell.strip() for cell in row.strip("|").split("|")[:3])
        found.expect(row.endswith(PASSED), f"{what}: {figure}, the gate is {gate}")
        found.figure(f"{what}: {figure}")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("<!-- bench:begin -->")[2].partition("<!-- bench:end -->")[0]
    found.expect(
        "x nginx" in shown and "make bench" in shown and "cores" in shown,
        "the README does not show the measured table",
    )
