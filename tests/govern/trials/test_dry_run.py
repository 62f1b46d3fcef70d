"""A dry run counts every decision, and lists so many changes and no more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace

from headgate.govern.policies.hot import PolicySet, Who
from headgate.govern.trials.dry_run import SHOWN, compare
from headgate.record.runs.rows import Details
from headgate.record.runs.service import Past
from tests.govern.policies.test_hot import deny, loaded


async def many(count: int) -> AsyncIterator[Past]:
    row = SimpleNamespace(
        id="run_1", agent="anna", app="a", subject="", project="p", key_id="", mode="optimize", model="m", provider="mock",
        cost_pico=None, prompt_tokens=1, at_us=0,
    )  # fmt: skip
    for _ in range(count):
        yield Past(row, Details(wire="openai.chat"), b"{}", b'{"tool_calls": [')


async def test_all_changes_are_counted_and_the_first_are_listed() -> None:
    draft = PolicySet.of([loaded("p", deny("model:*"))])

    outcome = await compare(many(SHOWN + 20), PolicySet(), draft, Who)

    assert (outcome.changed, len(outcome.changes)) == (SHOWN + 20, SHOWN)
    assert (outcome.before, outcome.after) == ({"allow": SHOWN + 20}, {"deny": SHOWN + 20})
    assert outcome.unreadable == SHOWN + 20
