"""A draft of a policy against stored traffic: which decisions would change. Nothing is decided, kept or announced."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from headgate.govern.policies.hot import PolicySet, Who
from headgate.kernel import json
from headgate.kernel.clock import iso
from headgate.record.runs.service import Past
from headgate.wire.tool_uses import UnreadableCalls, tool_uses

SHOWN = 500  # changes that are listed; all are counted
VERBS = {"openai.embeddings": "model:embed", "passthrough": "model:passthrough"}
SLICE = 50  # runs judged between two breaths of the event loop

Names = tuple[str, ...]
WhoIs = Callable[[str], Who]


@dataclass(slots=True)
class Outcome:
    """What the draft would change."""

    runs: int = 0
    actions: int = 0
    changed: int = 0
    before: Counter[str] = field(default_factory=Counter[str])
    after: Counter[str] = field(default_factory=Counter[str])
    changes: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    unreadable: int = 0  # runs whose tool calls are not on record any more, or cannot be read

    def as_dict(self) -> dict[str, Any]:
        return {
            "runs": self.runs, "actions": self.actions, "changed": self.changed, "before": dict(self.before),
            "after": dict(self.after), "changes": self.changes, "unreadable": self.unreadable,
        }  # fmt: skip


async def compare(past: AsyncIterator[Past], now: PolicySet, draft: PolicySet, who_is: WhoIs) -> Outcome:
    """Judge every action of the runs by the policies of now and by those with the draft."""
    outcome = Outcome()
    async for run in past:
        _judge(run, now, draft, who_is(run.row.agent), outcome)
        if outcome.runs % SLICE == 0:
            await asyncio.sleep(0)
    return outcome


def _judge(run: Past, now: PolicySet, draft: PolicySet, who: Who, outcome: Outcome) -> None:
    outcome.runs += 1
    row = run.row
    values = {
        "caller": {"id": row.key_id, "mode": row.mode}, "agent": row.agent, "app": row.app, "subject": row.subject,
        "project": row.project, "tags": sorted(who.tags), "tier": who.tier, "trust": 0.0, "model": row.model,
        "provider": row.provider, "wire": run.details.wire, "cost": (row.cost_pico or 0) / 1e12, "tokens": row.prompt_tokens,
        "tool": "", "args": {}, "level": 0, "host": "", "now": row.at_us // 1_000_000,
        "hour": row.at_us // 3_600_000_000 % 24, "weekday": (row.at_us // 86_400_000_000 + 3) % 7, "data": [],
    }  # fmt: skip
    verb = VERBS.get(run.details.wire, "model:chat")
    _compare((verb, f"model:{row.model}"), values, run, (now, draft, who), outcome)
    for names, more in _tools(run, outcome):
        _compare(names, values | more, run, (now, draft, who), outcome)


def _tools(run: Past, outcome: Outcome) -> list[tuple[Names, dict[str, Any]]]:
    try:
        uses = tool_uses(run.details.wire, run.response)  # pyright: ignore[reportArgumentType] - as it was recorded
    except UnreadableCalls:
        outcome.unreadable += 1
        return []
    found: list[tuple[Names, dict[str, Any]]] = []
    for use in uses:
        arguments: Any = json.decode(use.arguments)
        more: dict[str, Any] = {
            "tool": use.name,
            "level": 3,
            "args": arguments if isinstance(arguments, dict) else {},
        }
        found.append(((f"execute:{use.name}", "execute:tool"), more))
    return found


def _compare(
    names: Names, values: dict[str, Any], run: Past, sides: tuple[PolicySet, PolicySet, Who], outcome: Outcome
) -> None:
    now, draft, who = sides
    old, new = now.ask(who, names, values), draft.ask(who, names, values)
    outcome.actions += 1
    outcome.before[old.outcome] += 1
    outcome.after[new.outcome] += 1
    if old.outcome == new.outcome:
        return
    outcome.changed += 1
    if len(outcome.changes) < SHOWN:
        outcome.changes.append({
            "runId": run.row.id, "at": iso(run.row.at_us), "agent": who.agent, "app": run.row.app, "action": names[0],
            "tool": values["tool"], "before": old.as_dict(), "after": new.as_dict(),
        })  # fmt: skip
