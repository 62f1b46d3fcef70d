"""The parts of governance, put together: policies are there from the start, approvals once the record is complete."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from headgate.governing import Governing
from headgate.kernel.tasks import Tasks
from headgate.testing.house import House
from tests.govern.policies.test_files import write


async def test_it_starts_with_the_policies_and_the_approvals_that_there_are(
    house: House, tmp_path: Path
) -> None:
    write(tmp_path, "a.yaml", "name: p\nrules: [{effect: deny, actions: ['*']}]\n")
    settings = replace(house.settings, policies_dir=tmp_path)
    governing = await Governing.build(house.services.database, settings, house.clock)
    assert not governing.gate.is_open("ten_default")
    assert not governing.book.is_ready
    tasks = Tasks()

    await governing.start(tasks, house.recorder)

    assert governing.book.is_ready
    assert {"policies", "approvals", "agents", "settings", "credentials", "guardrails"} == set(
        governing.builders
    )
    await tasks.cancel_all(timeout_s=2.0)
