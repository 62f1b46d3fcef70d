"""The figures as a table: on the terminal, in a file, and in the README between its marks."""

from __future__ import annotations

import os
import platform
import re
import sys
from pathlib import Path

from bench.load import BURST, HIT, LIVE, UNCACHED
from bench.measures import CONNECTIONS, Cell, Key, Verdict, middle, ratio

MARKS = re.compile(r"(<!-- bench:begin -->\n).*?(<!-- bench:end -->)", re.DOTALL)


def machine() -> str:
    model = "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists() and (
        match := re.search(r"^model name\s*:\s*(.+)$", info.read_text(encoding="utf-8"), re.MULTILINE)
    ):
        model = match[1]
    return f"{os.cpu_count()} cores, {model}, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def table(cells: dict[Key, Cell], target: str) -> list[str]:
    lines = [
        "| call | connections | CPU per call | nginx | ratio | p50 / p99 | added to the mock alone | calls/s |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for work in (LIVE, UNCACHED, HIT, BURST):
        reference = BURST if work is BURST else LIVE
        for connections in CONNECTIONS:
            ours = cells[target, work.name, connections]
            nginx = cells.get(("nginx", reference.name, connections), Cell())
            direct = cells.get(("direct", reference.name, connections), Cell())
            times = ratio(cells, target, work.name, connections)
            added = [
                f"{middle(a) - middle(b):+.2f}"
                for a, b in ((ours.p50_ms, direct.p50_ms), (ours.p99_ms, direct.p99_ms))
            ]
            lines.append(
                f"| {work.name} | {connections} | {middle(ours.cpu_us):.0f} us | {middle(nginx.cpu_us):.0f} us | "
                f"{f'{times:.2f}' if times else '-'} | {middle(ours.p50_ms):.2f} / {middle(ours.p99_ms):.2f} ms | "
                f"{' / '.join(added)} ms | {middle(ours.per_second):.0f} |"
            )
    return lines


def verdict_table(verdicts: list[Verdict]) -> list[str]:
    said = {True: "yes", False: "**no**", None: "-"}
    lines = ["| figure | measured | gate | met |", "| --- | --- | --- | --- |"]
    return lines + [f"| {one.what} | {one.figure} | {one.gate} | {said[one.ok]} |" for one in verdicts]


def page(cells: dict[Key, Cell], target: str, verdicts: list[Verdict]) -> str:
    command = (
        f"make bench{''.join(f' {word}' for word in sys.argv[1:])}"
        if len(sys.argv) < 2
        else f'make bench ARGS="{" ".join(sys.argv[1:])}"'
    )
    head = [
        f"`{command}` on {machine()}.",
        "CPU is that of the whole process tree (gateway, drain, worker), the record written included.",
    ]
    rows = ["", *table(cells, target), ""] if cells else [""]
    return "\n".join([*head, *rows, *verdict_table(verdicts), ""])


def write_readme(readme: Path, text: str) -> bool:
    before = readme.read_text(encoding="utf-8")
    after = MARKS.sub(lambda match: match[1] + text + match[2], before)
    readme.write_text(after, encoding="utf-8")
    return after != before
