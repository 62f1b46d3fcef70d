"""Agents as the hot path knows them: tags and tier, by name."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.govern.agents.trust import UNVERIFIED, Past

__all__ = ["NOBODY", "AgentBook", "Known", "Past"]

Known = tuple[frozenset[str], str]
NOBODY: Known = (frozenset(), UNVERIFIED)


class AgentBook:
    """Of all tenants. An agent that is not in it yet has no tags and is unverified."""

    def __init__(self) -> None:
        self._agents: dict[str, Mapping[str, Known]] = {}

    def put(self, tenant: str, agents: Mapping[str, Known]) -> None:
        self._agents[tenant] = agents

    def of(self, tenant: str, agent: str) -> Known:
        """The tags and the tier of an agent."""
        return self._agents.get(tenant, {}).get(agent, NOBODY)
