"""The book of agents: whoever is not in it has no tags and is unverified."""

from __future__ import annotations

from headgate.govern.agents.hot import AgentBook


def test_each_tenant_has_its_own_agents() -> None:
    book = AgentBook()
    book.put("ten_a", {"anna": (frozenset({"x"}), "trusted")})

    assert book.of("ten_a", "anna") == (frozenset({"x"}), "trusted")
    assert book.of("ten_a", "ben") == book.of("ten_b", "anna") == (frozenset(), "unverified")
