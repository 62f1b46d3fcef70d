"""Weights are kept over many users, and each user stays on his side."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from pydantic import ValidationError

from headgate.call.module import Tools
from headgate.modules.shape.abrouter import AbRouter, Config
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock
from tests.gateway.conftest import Running
from tests.modules.live import BOTH, run_of, say, switch
from tests.record.cache.calls import make_call


def split(clock: FixedClock, users: int, **config: Any) -> Counter[str]:
    router = AbRouter(Config.model_validate(config), Tools(clock, MemoryStore(), {}))
    models: Counter[str] = Counter()
    for number in range(users):
        call = make_call(clock=clock, subject=f"user {number}")
        router.on_request(call)
        models[call.model] += 1
    return models


def test_the_weights_are_kept(clock: FixedClock) -> None:
    variants = [{"weight": 3, "model": "a"}, {"weight": 1, "model": "b"}, {"weight": 0, "model": "c"}]
    models = split(clock, 1000, experiments=[{"name": "x", "variants": variants}])
    assert 680 < models["a"] < 820 and models["a"] + models["b"] == 1000
    assert models == split(clock, 1000, experiments=[{"name": "x", "variants": variants}])


def test_a_canary_gets_its_percent(clock: FixedClock) -> None:
    models = split(clock, 1000, new_model="new", traffic_pct=10)
    assert 60 < models["new"] < 140 and models["gpt-4o"] == 1000 - models["new"]


def test_an_experiment_is_about_its_models_only(clock: FixedClock) -> None:
    assert split(clock, 5, experiments=[{"name": "x", "match": "o1*", "variants": [{"model": "a"}]}]) == {
        "gpt-4o": 5
    }


def test_without_any_weight_there_is_no_experiment() -> None:
    with pytest.raises(ValidationError, match="weight"):
        Config.model_validate({"experiments": [{"name": "x", "variants": [{"weight": 0}]}]})


@pytest.mark.parametrize("how", BOTH)
async def test_a_user_keeps_his_model_and_the_run_says_which(running: Running, how: dict[str, Any]) -> None:
    variants = [{"name": "old", "model": "gpt-4o-mini"}, {"name": "new", "model": "gpt-4o"}]
    await switch(running, "canarydeploy", experiments=[{"name": "size", "variants": variants}])
    seen: dict[str, set[str]] = {}
    for user in ["ada", "bob", "cy", "dee", "eve", "fay"] * 2:
        answer = await say(running, headers={"x-punk-subject": user}, **how)
        seen.setdefault(user, set()).add(answer.headers["x-headgate-model"])
    assert all(len(models) == 1 for models in seen.values()) and len(set.union(*seen.values())) == 2
    assert (await run_of(running, answer))["metadata"]["experiment"]["name"] == "size"
