"""What comes with the product can be used as rules."""

from __future__ import annotations

from headgate.govern.guardrails.lists import CODE, TOXIC
from headgate.govern.guardrails.rules import compiled


def test_every_pattern_is_usable() -> None:
    for pattern in (*TOXIC.values(), *CODE.values()):
        assert compiled(pattern).search("a harmless sentence about tables, shells and mines") is None
