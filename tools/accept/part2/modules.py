"""Item 5: every module does what it says on every format, plain and streamed, and modules and guards cost next to nothing."""

from __future__ import annotations

import os
import subprocess
import sys

from tools.accept.outcome import Findings
from tools.rig.processes import ROOT

MATRIX = ("tests/conformance/test_modules.py", "tests/modules/guard/test_guardrails.py")
COSTS = ("bench.modules", "bench.guards")
RUN_S = 1200


def run(found: Findings) -> None:
    matrix = _run("pytest", "-q", "--no-header", "-p", "no:cacheprovider", *MATRIX)
    found.expect(matrix.returncode == 0, f"the matrix of modules and formats:\n{_end(matrix)}")
    found.figure(f"matrix: {_last_line(matrix)}")
    for name in COSTS:
        cost = _run(name)
        found.expect(cost.returncode == 0, f"{name} is over its limit:\n{_end(cost)}")
        for line in cost.stdout.splitlines():
            found.figure(line)


def _run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, env={**os.environ, "CI": "true"}, capture_output=True, text=True,
        check=False, timeout=RUN_S,
    )  # fmt: skip


def _end(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stdout + done.stderr)[-3000:]


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stdout.strip().splitlines()
    return lines[-1] if lines else "nothing ran"
