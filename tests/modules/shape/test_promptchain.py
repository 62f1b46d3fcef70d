"""Blocks come into texts where their names stand; other braces stay."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.conftest import Running
from tests.modules.live import BOTH, say, sent, switch, told


@pytest.mark.parametrize("how", BOTH)
async def test_blocks_are_put_into_prompts(running: Running, how: dict[str, Any]) -> None:
    await switch(
        running,
        "promptchain",
        blocks=[{"name": "style", "content": "Be {{kind}}."}, {"name": "kind", "content": "x"}],
    )
    said = [
        {"role": "system", "content": "{{style}} {{other}}"},
        {"role": "user", "content": [{"type": "text", "text": "{{ style }}"}]},
    ]
    answer = await say(running, messages=said, **how)
    body = await sent(running, answer)
    assert body["messages"][0]["content"] == "Be {{kind}}. {{other}}"
    assert body["messages"][1]["content"] == [{"type": "text", "text": "Be {{kind}}."}]
    assert await told(running, answer, "blocks") == ["style"]


async def test_only_the_roles_that_are_named(running: Running) -> None:
    await switch(running, "promptchain", blocks={"style": "kind"}, roles=["system"])
    assert (await sent(running, await say(running, "{{style}}")))["messages"][0]["content"] == "{{style}}"
