"""`make test` is green on both databases; `make check` is green, and fails on each planted fault and names it."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

from tools.accept.outcome import Findings
from tools.rig.processes import ROOT, clean_environment

TEST_LIMIT_S = 600
PLANTED: dict[str, tuple[str, str, str]] = {
    "an upward import": (
        "src/headgate/kernel/money.py",
        "\nimport headgate.store.engine\n",
        "headgate.kernel.money",
    ),
    "an oversized file": ("src/headgate/kernel/pages.py", "# a line\n" * 400, "kernel/pages.py"),
    "an untyped function": (
        "src/headgate/kernel/ids.py",
        "\n\ndef double(number):\n    return number * 2\n",
        "kernel/ids.py",
    ),
    "a route without a right": (
        "src/headgate/record/spend/routes.py",
        '\n\n@router.api.get("/api/v1/planted")\ndef planted() -> dict[str, str]:\n    return {}\n',
        "/api/v1/planted does not declare the right",
    ),
}


def run(found: Findings) -> None:
    clone = found.folder / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True, timeout=120)
    status, said = make(clone, "check")
    if found.expect(status == 0, f"make check: {said[-800:]}"):
        planted(found, clone)
    tests(found, clone)


def make(clone: Path, target: str, timeout_s: float = 1500, **env: str) -> tuple[int, str]:
    done = subprocess.run(
        ["make", "--quiet", target], cwd=clone, env=clean_environment(**env), capture_output=True, text=True, check=False,
        timeout=timeout_s,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def planted(found: Findings, clone: Path) -> None:
    for what, (file, text, named) in PLANTED.items():
        path = clone / file
        before = path.read_text(encoding="utf-8")
        path.write_text(before + text, encoding="utf-8")
        status, said = make(clone, "check")
        path.write_text(before, encoding="utf-8")
        found.expect(status != 0, f"make check passes with {what}")
        found.expect(named in said, f"make check does not name {what}: {said[-300:]}")
    found.figure(f"make check fails on {', '.join(PLANTED)}")


def tests(found: Findings, clone: Path) -> None:
    """CI=true, so that nothing is skipped for want of a service."""
    began = time.monotonic()
    status, said = make(clone, "test", CI="true")
    took = time.monotonic() - began
    summary = said.strip().splitlines()[-1] if said.strip() else ""
    found.expect(status == 0, f"make test: {summary}: {said[-800:]}")
    found.expect(took < TEST_LIMIT_S, f"make test took {took:.0f} s")
    match = re.search(r"(\d+) passed", summary)
    found.expect(match is not None and int(match[1]) > 100, f"hardly a test ran: {summary}")
    found.expect("postgres" in said or "skipped" not in summary, f"something was skipped: {summary}")
    found.figure(f"make test: {summary.strip('= ')}")
