"""A project, or a header, chooses who answers; the model hears it and the run says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.conftest import Running
from tests.modules.live import BOTH, say, sent, switch, told

PIRATE = {"name": "pirate", "projects": ["sea"], "system_prompt": "Speak like a pirate.", "temperature": 0.9}


@pytest.mark.parametrize("how", BOTH)
async def test_the_model_hears_the_persona_of_the_project(running: Running, how: dict[str, Any]) -> None:
    await switch(running, "personaswitch", personas=[PIRATE])
    for headers in ({"x-project": "sea"}, {"x-project": "pirate"}, {"x-persona": "pirate"}):
        answer = await say(running, headers=headers, **how)
        body = await sent(running, answer)
        assert (
            body["messages"][0] == {"role": "system", "content": "Speak like a pirate."}
            and body["temperature"] == 0.9
        )
    assert (await told(running, answer, "persona"))["name"] == "pirate"
    assert "temperature" not in await sent(running, await say(running, **how))


async def test_the_callers_own_words_come_after_it_or_go(running: Running) -> None:
    await switch(running, "personaswitch", personas=[PIRATE, PIRATE | {"name": "alone", "mode": "replace"}])
    own = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]
    body = await sent(
        running, await say(running, messages=own, temperature=0.1, headers={"x-persona": "pirate"})
    )
    assert (
        body["messages"][0]["content"] == "Speak like a pirate.\n\nBe brief." and body["temperature"] == 0.1
    )
    body = await sent(running, await say(running, messages=own, headers={"x-persona": "alone"}))
    assert body["messages"][0]["content"] == "Speak like a pirate." and len(body["messages"]) == 2


async def test_an_unknown_persona_is_named(running: Running) -> None:
    await switch(running, "personaswitch", personas=[PIRATE])
    answer = await say(running, headers={"x-persona": "ninja"})
    assert (answer.status, answer.json["error"]["param"]) == (400, "X-Persona")
