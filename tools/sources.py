"""Which files the checkers look at, and the list of known offenders that may only shrink."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

SKIPPED = {".venv", ".git", "data", "dist", "build", "node_modules", ".work", "__pycache__"}
CHECKED = ("src", "tests", "tools", "bench")
RATCHET = Path("tools/ratchet.toml")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something a checker found. `key` names it in the ratchet, `size` is what may not grow."""

    key: str
    size: int
    text: str


def python_files(root: Path, *folders: str) -> Iterator[Path]:
    """Paths relative to `root`, sorted."""
    for folder in folders or CHECKED:
        for path in sorted((root / folder).rglob("*.py")):
            relative = path.relative_to(root)
            if not SKIPPED.intersection(relative.parts):
                yield relative


def load_table(root: Path, section: str) -> Mapping[str, Any]:
    """One section of the ratchet file; empty when it is not there."""
    path = root / RATCHET
    if not path.exists():
        return {}
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    return cast("Mapping[str, Any]", content.get(section, {}))


def hold(faults: list[Fault], known: Mapping[str, int]) -> list[str]:
    """What is wrong, given the known offenders: new ones, grown ones, and entries that are no longer needed."""
    wrong: list[str] = []
    for fault in faults:
        allowed = known.get(fault.key)
        if allowed is None:
            wrong.append(fault.text)
        elif fault.size > allowed:
            wrong.append(f"{fault.text} (it is on the list of known offenders with {allowed} and has grown)")
        elif fault.size < allowed:
            wrong.append(
                f"{RATCHET}: {fault.key!r} has shrunk to {fault.size}: write that instead of {allowed}"
            )
    found = {fault.key for fault in faults}
    wrong.extend(
        f"{RATCHET}: {key!r} offends no more: take it off the list" for key in known if key not in found
    )
    return wrong


def report(name: str, wrong: list[str], looked_at: int) -> int:
    """Print what is wrong and give the exit status."""
    for line in wrong:
        print(line)
    print(f"{name}: {looked_at} looked at, {len(wrong)} wrong")
    return 1 if wrong else 0
