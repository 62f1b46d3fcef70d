"""The command line: `python -m bench [--quick] [--only WHAT] [--write-readme]`. Exit status 1 when a gate is missed."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench.load import LIVE, run_wrk
from bench.machines import Bench
from bench.measures import (
    Cell,
    Key,
    Verdict,
    blocking,
    memory,
    parity,
    speed,
    speed_verdicts,
    start_time,
    streaming,
)
from bench.report import page, write_readme

WHAT = ("speed", "streaming", "parity", "blocking", "memory")
OUT = Path(".work/bench.md")


def measure(bench: Bench, only: set[str], *, quick: bool) -> tuple[dict[Key, Cell], list[Verdict]]:
    target = bench.gateway("headgate")
    verdicts = [start_time(bench)]
    cells: dict[Key, Cell] = {}
    run_wrk(target, LIVE, 16, 2, bench.folder)
    target.settle()
    if "speed" in only:
        cells = speed(bench, target, seconds=2 if quick else 4, rounds=1 if quick else 3)
        verdicts += speed_verdicts(cells, target.name)
    if "streaming" in only:
        verdicts += streaming(bench, target)
    if "parity" in only:
        verdicts.append(parity(target, 2_000 if quick else 10_000))
    if "blocking" in only:
        verdicts.append(blocking(target, seconds=6 if quick else 20))
    assert target.process is not None
    target.process.stop()
    if "memory" in only:
        verdicts += memory(bench, first=5_000 if quick else 20_000, last=20_000 if quick else 200_000)
    return cells, verdicts


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Measure what a call costs, beside nginx where it is installed."
    )
    parser.add_argument(
        "--quick", action="store_true", help="short windows: to see that it works, not to quote"
    )
    parser.add_argument("--only", choices=WHAT, action="append")
    parser.add_argument(
        "--write-readme", action="store_true", help="put the table between the marks of README.md"
    )
    arguments = parser.parse_args()
    only: set[str] = set(arguments.only or WHAT)
    with (
        tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder,
        Bench(Path(folder)) as bench,
    ):
        cells, verdicts = measure(bench, only, quick=arguments.quick)
    text = page(cells, "headgate", verdicts)
    print(text)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(text, encoding="utf-8")
    if arguments.write_readme:
        write_readme(Path("README.md"), text)
    return 1 if any(one.ok is False for one in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
