"""The first rule that fits sends the call elsewhere, and the run says which."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.call.module import Tools
from headgate.modules.shape.modelswitch import Config, ModelSwitch
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock
from tests.gateway.conftest import Running
from tests.modules.live import BOTH, run_of, say, switch, told
from tests.record.cache.calls import make_call


def model_of(clock: FixedClock, **config: Any) -> str:
    call = make_call(clock=clock)
    ModelSwitch(Config.model_validate(config), Tools(clock, MemoryStore(), {})).on_request(call)
    return call.model


def test_rules_go_by_priority_and_then_the_default(clock: FixedClock) -> None:
    rules = [{"model": "a"}, {"model": "b", "priority": 5}]
    assert model_of(clock, rules=rules) == "b"
    assert model_of(clock, rules=[{"model": "a", "condition": "model", "value": "no"}], default="d") == "d"
    assert model_of(clock, rules=[{"model": "a", "weight": 0}]) == "gpt-4o"


def test_a_provider_is_handed_on_to_dispatch(clock: FixedClock) -> None:
    call = make_call(clock=clock)
    config = Config.model_validate({"rules": [{"provider": "groq"}]})
    ModelSwitch(config, Tools(clock, MemoryStore(), {})).on_request(call)
    assert call.notes["targets"] == (("groq", "gpt-4o"),)


@pytest.mark.parametrize("how", BOTH)
async def test_long_prompts_get_another_model(running: Running, how: dict[str, Any]) -> None:
    rules = [{"name": "long", "when": "tokens > 200", "model": "gpt-4o"}]
    await switch(running, "smartroute", rules=rules)
    answer = await say(running, "word " * 300, **how)
    assert answer.headers["x-headgate-model"] == "gpt-4o"
    run = await run_of(running, answer)
    assert (run["model"], run["servedModel"]) == ("gpt-4o-mini", "gpt-4o")
    assert await told(running, answer, "modelswitch") == {
        "rule": "long",
        "from": "gpt-4o-mini",
        "to": "gpt-4o",
        "provider": "",
    }
    assert (await say(running, **how)).headers["x-headgate-model"] == "gpt-4o-mini"
