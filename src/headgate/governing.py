"""The parts of governance that live as long as the gateway, put together: policies, approvals, their gate, guardrails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from headgate.govern.agents import service as agents
from headgate.govern.agents.hot import AgentBook
from headgate.govern.approvals import service as approvals
from headgate.govern.approvals.hot import ApprovalBook, Gate, InfluenceBook
from headgate.govern.guardrails import service as guardrails
from headgate.govern.guardrails.hot import RuleBook
from headgate.govern.policies import service as policies
from headgate.govern.policies.service import PolicyKeeper
from headgate.identity.credentials import service as credentials
from headgate.identity.credentials.hot import CredentialBook
from headgate.identity.settings import service as own_settings
from headgate.identity.settings.hot import SettingsBook
from headgate.kernel.clock import Clock
from headgate.kernel.tasks import Tasks
from headgate.record.runs.hot import Recorder
from headgate.store.engine import Database

AT_START_S = 0.5  # how long the start waits for approvals
REPLAY_S = 600.0  # how long approvals may wait for what earlier processes left in the spool


@dataclass(frozen=True, slots=True)
class Governing:
    """What modules and routes find under these names in their `hot` parts."""

    database: Database
    policies: PolicyKeeper
    book: ApprovalBook
    gate: Gate
    agents: AgentBook
    rules: RuleBook
    settings: SettingsBook
    influences: InfluenceBook
    credentials: CredentialBook

    @staticmethod
    async def build(database: Database, settings: Any, clock: Clock) -> Governing:
        """Policies are read; approvals follow once the record is complete."""
        keeper = PolicyKeeper(database, settings.policies_dir)
        await keeper.load()
        book, known = ApprovalBook(), AgentBook()
        await agents.load_book(database, known)
        rules, told = await guardrails.load_book(database), SettingsBook()
        await own_settings.load_book(database, told)
        kept = CredentialBook(credentials.sealer(settings.data_dir))
        await credentials.load_book(database, kept)
        return Governing(
            database, keeper, book, Gate(keeper.book, book, clock), known, rules, told, InfluenceBook(), kept
        )

    @property
    def hot(self) -> dict[str, Any]:
        return {
            "policies": self.policies, "approvals": self.book, "gate": self.gate, "agents": self.agents, "guardrails": self.rules,
            "settings": self.settings,
            "influences": self.influences, "credentials": self.credentials,
        }  # fmt: skip

    @property
    def builders(self) -> dict[str, Callable[[Any, str], Awaitable[dict[str, Any]]]]:
        """Of the plane's parts."""
        return {
            policies.PART: self.policies.build,
            approvals.PART: approvals.book_builder(self.database, self.book),
            own_settings.PART: own_settings.book_builder(self.database, self.settings),
            agents.PART: agents.book_builder(self.database, self.agents),
            credentials.PART: credentials.book_builder(self.database, self.credentials),
            guardrails.PART: guardrails.book_builder(self.database, self.rules),
        }

    async def start(self, tasks: Tasks, recorder: Recorder) -> None:
        """Watch the files, and load approvals: at once when there is nothing to replay, else as soon as that is done."""
        tasks.spawn(self.policies.watch(), name="policies.watch")
        loading = tasks.spawn(self._load_approvals(recorder), name="approvals.load")
        await asyncio.wait({loading}, timeout=AT_START_S)

    async def _load_approvals(self, recorder: Recorder) -> None:
        """An approval that an earlier process used may still be on its way to the database; it must not pass twice."""
        while not await recorder.caught_up(REPLAY_S):
            pass
        await approvals.load_book(self.database, self.book)
        self.book.is_ready = True
