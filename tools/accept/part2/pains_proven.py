"""Item 6: each ranked pain of gateway users that falls in this part has a test, and that test fails on a mutation of the code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from tools.accept.outcome import Findings
from tools.rig.processes import ROOT

MUTATIONS = Path(__file__).parent / "pains"
# not of this part: databases of logs (5), memory (6), paywalls (16), security (17), MCP (18), pages (19)
HERE = (1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 20)
COPIED = ("src", "tests", "tools", "bench", "conftest.py", "pyproject.toml")
RUN_S = 300


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change of the code that brings a pain back. `test` is the node id of the test that must notice."""

    name: str
    pain: int
    title: str
    file: str
    old: str
    new: str
    test: str


def load() -> list[Mutation]:
    """Every mutation that is committed. Raises TypeError when a field is missing or unknown."""
    return [
        Mutation(path.stem, **tomllib.loads(path.read_text(encoding="utf-8")))
        for path in sorted(MUTATIONS.glob("*.toml"))
    ]


def run(found: Findings) -> None:
    mutations = load()
    covered = {each.pain for each in mutations}
    for pain in HERE:
        found.expect(pain in covered, f"pain {pain} has no mutation")
    tree = found.folder / "tree"
    tree.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tree / name)
    whole = _pytest(tree, [each.test for each in mutations])
    if not found.expect(whole.returncode == 0, f"without a mutation the tests must pass:\n{_end(whole)}"):
        return
    noticed = sum(_is_noticed(found, tree, each) for each in mutations)
    found.figure(f"{noticed} of {len(mutations)} mutations noticed, {len(covered)} pains covered")


def _is_noticed(found: Findings, tree: Path, mutation: Mutation) -> bool:
    path = tree / mutation.file
    text = path.read_text(encoding="utf-8")
    label = f"pain {mutation.pain} ({mutation.name}: {mutation.title})"
    if not found.expect(
        text.count(mutation.old) == 1, f"{label}: its text stands {text.count(mutation.old)} times"
    ):
        return False
    test = (tree / mutation.test.partition("::")[0]).read_text(encoding="utf-8")
    marked = re.search(rf"mark\.pain\({mutation.pain}\)", test) is not None
    found.expect(marked, f"{label}: no test of that file names the pain")
    path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
    try:
        done = _pytest(tree, [mutation.test])
    finally:
        path.write_text(text, encoding="utf-8")
    return found.expect(
        done.returncode == 1, f"{label}: the test does not fail (status {done.returncode}):\n{_end(done)}"
    )


def _pytest(tree: Path, tests: list[str]) -> subprocess.CompletedProcess[str]:
    """The tests, on the sources of `tree`."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--no-header",
        *dict.fromkeys(tests),
    ]
    env = dict(os.environ) | {
        "PYTHONPATH": f"{tree / 'src'}{os.pathsep}{tree}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        command, cwd=tree, env=env, capture_output=True, text=True, check=False, timeout=RUN_S
    )


def _end(done: subprocess.CompletedProcess[str]) -> str:
    return "\n".join((done.stdout + done.stderr).splitlines()[-12:])
