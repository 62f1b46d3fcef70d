"""`docs/tour.md` leads through the life of a call in ten files or fewer, all of which exist."""

from __future__ import annotations

import re

from tools.accept.outcome import Findings
from tools.rig.processes import ROOT

MAX_FILES = 10
STATION = re.compile(r"^\d+\. \*\*`([\w/]+\.py)`\*\*", re.MULTILINE)
MENTION = re.compile(r"`([\w/]+\.py)`")
# the tour must pass where a call comes in, is decided, goes out and is kept
MUST_PASS = ("gateway/serve.py", "gateway/dispatch.py", "record/runs/hot.py")


def run(found: Findings) -> None:
    text = (ROOT / "docs/tour.md").read_text(encoding="utf-8")
    stations = STATION.findall(text)
    found.expect(
        0 < len(stations) <= MAX_FILES, f"the tour has {len(stations)} stations, not 1 to {MAX_FILES}"
    )
    for file in sorted({*stations, *MENTION.findall(text)}):
        found.expect((ROOT / "src/headgate" / file).is_file(), f"the tour names {file}, which is not there")
    for file in MUST_PASS:
        found.expect(file in stations, f"the tour does not pass {file}")
    found.figure(f"{len(stations)} files: {', '.join(stations)}")
