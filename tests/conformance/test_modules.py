"""Every module on every wire, plain and streamed, on a running gateway: it does what its row says, and nothing when it is off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headgate.modules.order import ORDER
from tests.gateway.conftest import Running, serving
from tests.modules.live import switch
from tests.modules.matrix import ROWS, Row, play, shown_elsewhere
from tests.wire.samples import EMBEDDINGS, WIRES

WAYS = [(wire, stream) for wire in WIRES for stream in (False, True) if (wire, stream) != (EMBEDDINGS, True)]
ON_BY_DEFAULT = {
    "guardrails",
    "promptguard_answers",
}  # they do nothing until a rule or another module says so


def test_every_module_has_a_row() -> None:
    assert set(ROWS) == {kind.spec.name for kind in ORDER}


def test_every_wire_is_walked_or_named() -> None:
    for name, row in ROWS.items():
        assert row.wires or shown_elsewhere(row), name


@pytest.mark.parametrize(("wire", "stream"), WAYS)
async def test_modules_do_what_they_say(tmp_path: Path, wire: str, stream: bool) -> None:
    wrong: list[str] = []
    async with serving(tmp_path / "data", policies_dir=tmp_path / "policies") as gateway:
        for name, row in ROWS.items():
            if row.elsewhere:
                assert shown_elsewhere(row), name
                continue
            if wire in row.wires and (problem := await tried(gateway, name, row, wire, stream=stream)):
                wrong.append(f"{name}: {problem}")
    assert not wrong, "\n".join(wrong)


async def tried(gateway: Running, name: str, row: Row, wire: str, *, stream: bool) -> str:
    """What is not as the row says, or nothing. Leaves the gateway as it was."""
    for other in row.without:
        await switch(gateway, other, enabled=False)
    await switch(gateway, name, enabled=False)
    before = await play(gateway, row, wire, stream=stream)
    made = await set_up(gateway, name, row)
    after = await play(gateway, row, wire, stream=stream)
    problem = ""
    if not row.see(after):
        problem = (
            f"{after.last.status} {after.last.body[:300]!r} sent {after.sent[:200]} told {after.told[:200]}"
        )
    elif row.see(before):
        problem = "the same is seen when it is off"
    await take_down(gateway, name, row, made)
    return problem


async def set_up(gateway: Running, name: str, row: Row) -> list[str]:
    """Switch on what the row needs; the paths of what was made."""
    made: list[str] = []
    for path, wish in (("/api/guardrails", row.rule), ("/api/trust/policies", row.policy)):
        if wish:
            answer = await gateway.ask(wish, path=path)
            assert answer.status == 201, answer.body
            made.append(f"{path}/{answer.json['id']}")
    for other, config in (row.also | {name: row.config}).items():
        await switch(gateway, other, **config)
    return made


async def take_down(gateway: Running, name: str, row: Row, made: list[str]) -> None:
    for path in made:
        answer = await gateway.ask(b"", path=path, method="DELETE")
        assert answer.status == 200, answer.body
    for other in (*row.also, name):
        await switch(gateway, other, enabled=False)
    for other in row.without:
        await put_back(gateway, other)


async def put_back(gateway: Running, name: str) -> None:
    body: dict[str, Any] = {"enabled": True, "config": {}}
    answer = await gateway.ask(body, path=f"/api/proxy/modules/{name}", method="PUT")
    assert answer.status == 200, answer.body
