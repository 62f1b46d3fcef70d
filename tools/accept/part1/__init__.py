"""Part 1: the gateway serves real traffic, end to end."""

from __future__ import annotations

from tools.accept.outcome import Part
from tools.accept.part1 import (
    bench,
    cut_upstreams,
    first_minutes,
    isolation,
    nothing_lost,
    openai_sdk,
    tests_and_checks,
    tour,
)

PART = Part(
    1,
    {
        1: ("the first minutes", first_minutes.run),
        2: ("tests and checks", tests_and_checks.run),
        3: ("the OpenAI SDK's own tests", openai_sdk.run),
        4: ("nothing is lost", nothing_lost.run),
        5: ("cut upstreams", cut_upstreams.run),
        6: ("speed and memory", bench.run),
        7: ("isolation", isolation.run),
        8: ("the tour", tour.run),
    },
)
