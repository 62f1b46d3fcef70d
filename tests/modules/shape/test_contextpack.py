"""The pieces that share most words with the question are put before it, within the room there is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.conftest import Running
from tests.modules.live import BOTH, say, sent, switch, told

SOURCES = [
    {
        "name": "manual",
        "content": "The pump is started by the green lever."
        + " " * 40
        + "The valve is closed by hand only, and never with a tool.",
    },
    {"name": "menu", "content": "Today there is soup and bread, tomorrow there is rice with beans."},
]


@pytest.mark.parametrize("how", BOTH)
async def test_the_best_pieces_come_before_the_question(running: Running, how: dict[str, Any]) -> None:
    await switch(
        running,
        "contextpack",
        sources=[source | {"chunk_size": 60, "overlap": 0} for source in SOURCES],
        min_score=0.5,
    )
    answer = await say(running, "How is the pump started?", **how)
    said = (await sent(running, answer))["messages"]
    assert [message["role"] for message in said] == ["user", "user"] and said[1][
        "content"
    ] == "How is the pump started?"
    assert said[0]["content"].startswith("Context:\nThe pump is started by the green lever")
    assert [each["source"] for each in await told(running, answer, "contextpack")] == ["manual"]
    assert len((await sent(running, await say(running, "Who wrote Faust?", **how)))["messages"]) == 1


async def test_it_can_stand_in_the_system_text_and_keeps_to_its_room(running: Running) -> None:
    await switch(running, "contextpack", sources=SOURCES, position="system", max_tokens=20, min_score=0)
    said = (await sent(running, await say(running, "soup and bread, pump and valve")))["messages"]
    assert said[0]["role"] == "system" and len(said[0]["content"]) < 120
