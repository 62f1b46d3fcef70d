"""A prompt becomes shorter outside of its code; the run says by how much."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.modules.shape.promptslim import slim
from tests.gateway.conftest import Running
from tests.modules.live import BOTH, run_of, say, sent, switch, told


@pytest.mark.parametrize(("aggressiveness", "shorter"), [
    (0.0, "Please do it now.\n\nCould you just try?"), (0.3, "do it now.\n\nCould you try?"), (0.7, "do it now.\n\ntry?"),
])  # fmt: skip
def test_more_is_spared_the_higher_it_is_set(aggressiveness: float, shorter: str) -> None:
    assert slim("Please do  it   now.  \n\n\n\nCould you just try?", aggressiveness) == shorter


def test_code_is_left_alone() -> None:
    code = "```\nif  x:\n\n\n\n    please(  1)\n```"
    assert slim(f"look  at{code}please", 1.0) == f"look at{code}"


@pytest.mark.parametrize("how", BOTH)
async def test_the_model_gets_the_shorter_prompt(running: Running, how: dict[str, Any]) -> None:
    await switch(running, "promptslim", min_chars=10)
    answer = await say(running, "Please   tell   me   a   story", **how)
    assert (await sent(running, answer))["messages"][0]["content"] == "tell me a story"
    assert await told(running, answer, "promptslim") == {"texts": 1, "charactersSaved": 15}
    assert "promptslim" in (await run_of(running, answer))["warnings"][0]
