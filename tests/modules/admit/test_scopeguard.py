"""A caller may ask for what his scopes allow, and is told which scope refused what and why."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.call.module import Tools
from headgate.kernel.errors import Forbidden
from headgate.modules.admit.scopeguard import Config, ScopeGuard
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock
from tests.gateway.conftest import Running
from tests.modules.live import BOTH, say, switch
from tests.record.cache.calls import QUESTION, make_call


def reason(clock: FixedClock, scope: dict[str, Any], model: str = "gpt-4o", **who: Any) -> str:
    guard = ScopeGuard(Config(scopes=(scope,)), Tools(clock, MemoryStore(), {}))  # type: ignore[arg-type]
    call = make_call(QUESTION | {"model": model}, clock=clock, **who)
    call.project = "p"
    try:
        guard.on_request(call)
    except Forbidden as error:
        return error.detail["reason"]
    return ""


@pytest.mark.parametrize(("scope", "model", "said"), [
    ({"models": ["gpt-4o-mini"]}, "gpt-4o", "not one of gpt-4o-mini"), ({"models": ["gpt-4o*"]}, "GPT-4o-mini", ""),
    ({"models": ["gpt-4o"]}, "openai:gpt-4o", ""), ({"models": ["gpt-4o"]}, "openai/gpt-4o", ""),
    ({"deny_models": ["gpt-4o"]}, "azure:gpt-4o", "denied by gpt-4o"), ({"deny_models": ["o1*"]}, "gpt-4o", ""),
    ({"endpoints": ["/v1/embeddings"]}, "gpt-4o", "not one of /v1/embeddings"),
    ({"keys": ["key_2"], "models": []}, "gpt-4o", ""), ({"keys": ["key_*"], "models": []}, "gpt-4o", "not one of "),
    ({"name": "p", "allowed_models": ["x"]}, "gpt-4o", "not one of x"), ({"project": "q", "models": []}, "gpt-4o", ""),
])  # fmt: skip
def test_scopes_are_judged(clock: FixedClock, scope: dict[str, Any], model: str, said: str) -> None:
    assert reason(clock, scope, model) == said


def test_users_and_apps_have_scopes(clock: FixedClock) -> None:
    assert reason(clock, {"users": ["ada"], "models": []}, subject="ada") and not reason(
        clock, {"users": ["ada"], "models": []}
    )
    assert reason(clock, {"apps": ["app_a"], "models": []}) and not reason(
        clock, {"apps": ["b"], "models": []}
    )


@pytest.mark.parametrize("how", BOTH)
async def test_a_model_outside_the_scope_is_refused(running: Running, how: dict[str, Any]) -> None:
    await switch(running, "scopeguard", roles=[{"name": "default", "allowed_models": ["gpt-4o-mini"]}])
    assert (await say(running, **how)).status == 200
    answer = await say(running, model="gpt-4o", **how)
    error = answer.json["error"]
    assert (answer.status, error["param"], error["reason"]) == (403, "model", "not one of gpt-4o-mini")
    assert (await running.run(answer.run_id))["status"] == "blocked"
