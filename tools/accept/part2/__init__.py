"""Part 2: the proxy: every wire, every provider, every module, and money that cannot be wrong."""

from __future__ import annotations

from tools.accept.outcome import Part
from tools.accept.part2 import (
    contracts,
    detection,
    failing_over,
    matrix,
    modules,
    money,
    pains_proven,
    vendor_sdks,
)

PART = Part(
    2,
    {
        1: ("every client format against every upstream format", matrix.run),
        2: ("the vendors' own SDK tests and recorded streams", vendor_sdks.run),
        3: ("a cap under parallel load", money.run),
        4: ("failing over", failing_over.run),
        5: ("modules on every wire, and what they cost", modules.run),
        6: ("pains, each with a test that notices", pains_proven.run),
        7: ("contracts of the proxy, guardrails, spend and cache", contracts.run),
        8: ("detection, measured", detection.run),
    },
)
