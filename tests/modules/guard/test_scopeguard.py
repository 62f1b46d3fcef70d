"""A caller may use what his scopes allow, under whatever name he asks for it, and is told which scope refused what and why."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.call.call import Call
from headgate.call.module import Tools
from headgate.kernel.errors import Forbidden
from headgate.modules.guard.scopeguard import Config, ScopeGuard
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock
from tests.gateway.conftest import Running
from tests.modules.live import BOTH, say, switch
from tests.record.cache.calls import QUESTION, make_call


def reason(
    clock: FixedClock, scope: dict[str, Any], model: str = "gpt-4o", served: str = "", **who: Any
) -> str:
    guard = ScopeGuard(Config.model_validate({"scopes": [scope]}), Tools(clock, MemoryStore(), {}))
    call = make_call(QUESTION | {"model": model}, clock=clock, **who)
    call.project, call.model = "p", served or model
    try:
        guard.on_request(call)
    except Forbidden as error:
        return error.detail["reason"]
    return ""


@pytest.mark.pain(20)
@pytest.mark.parametrize(("scope", "model", "served", "said"), [
    ({"models": ["gpt-4o-mini"]}, "gpt-4o", "", "gpt-4o is not one of gpt-4o-mini"),
    ({"models": ["gpt-4o"]}, "gpt-4o-mini", "", "gpt-4o-mini is not one of gpt-4o"),
    ({"models": ["gpt-4o*"]}, "GPT-4o-mini", "", ""),
    ({"models": ["*"]}, "x", "", ""),
    ({"models": []}, "x", "", "x is not one of "),
    ({"models": ["gpt-4o"]}, "openai:gpt-4o", "", ""),
    ({"models": ["gpt-4o"]}, "openai/gpt-4o", "", ""),
    ({"deny_models": ["gpt-4o"]}, "azure:gpt-4o", "", "gpt-4o is denied by gpt-4o"),
    ({"deny_models": ["o1*"]}, "gpt-4o", "", ""),
    ({"models": ["*"], "deny_models": ["*-pro"]}, "o1-pro", "", "o1-pro is denied by *-pro"),
    # an alias opens nothing that is denied, closes nothing that is allowed, and can be granted by its own name
    ({"deny_models": ["gpt-4o"]}, "big", "gpt-4o", "gpt-4o is denied by gpt-4o"),
    ({"models": ["gpt-4o-mini"]}, "fast", "gpt-4o-mini", ""),
    ({"models": ["gpt-4o-mini"]}, "big", "gpt-4o", "big is not one of gpt-4o-mini"),
    ({"models": ["fast"]}, "fast", "gpt-4o", ""),
    ({"models": ["fast"]}, "gpt-4o", "", "gpt-4o is not one of fast"),
])  # fmt: skip
def test_models_are_judged_by_one_matcher(
    clock: FixedClock, scope: dict[str, Any], model: str, served: str, said: str
) -> None:
    """Pain 20, model access rules: wildcards, prefixes and aliases neither open nor block too much."""
    assert reason(clock, scope, model, served) == said


@pytest.mark.parametrize(("scope", "is_refused"), [
    ({"keys": ["key_2"]}, False), ({"keys": ["key_*"]}, True), ({"users": ["ada"]}, True), ({"users": ["bob"]}, False),
    ({"apps": ["app_a"]}, True), ({"apps": ["b"]}, False), ({"projects": ["p"]}, True), ({"project": "q"}, False),
    ({"name": "p", "allowed_models": []}, True), ({"keys": ["key_1"], "apps": ["b"]}, False),
])  # fmt: skip
def test_a_scope_is_about_those_it_names(clock: FixedClock, scope: dict[str, Any], is_refused: bool) -> None:
    closed = scope if "allowed_models" in scope else scope | {"models": []}
    assert bool(reason(clock, closed, subject="ada")) is is_refused


def narrowed(
    clock: FixedClock,
    targets: tuple[tuple[str, str], ...],
    scope: dict[str, Any],
    served: str = "gpt-4o-mini",
) -> Call:
    guard = ScopeGuard(Config.model_validate({"scopes": [scope]}), Tools(clock, MemoryStore(), {}))
    call = make_call(QUESTION | {"model": "gpt-4o-mini"}, clock=clock)
    call.model, call.notes["targets"] = served, targets
    guard.on_request(call)
    return call


@pytest.mark.parametrize("scope", [{"models": ["gpt-4o-mini"]}, {"deny_models": ["claude*"]}])
def test_a_chain_leads_to_no_model_that_the_caller_could_not_ask_for(
    clock: FixedClock, scope: dict[str, Any]
) -> None:
    call = narrowed(
        clock, (("openai", ""), ("anthropic", "claude-sonnet-4-5"), ("azure", "gpt-4o-mini")), scope
    )
    assert call.notes["targets"] == (("openai", ""), ("azure", "gpt-4o-mini"))
    assert "claude-sonnet-4-5" in call.warnings[0]


def test_a_chain_of_nothing_that_is_allowed_is_refused(clock: FixedClock) -> None:
    with pytest.raises(Forbidden):
        narrowed(clock, (("anthropic", "claude-sonnet-4-5"),), {"models": ["gpt-4o-mini"]})


def test_endpoints_have_scopes(clock: FixedClock) -> None:
    assert (
        reason(clock, {"endpoints": ["/v1/embeddings"]})
        == "/v1/chat/completions is not one of /v1/embeddings"
    )
    assert not reason(clock, {"endpoints": ["/v1/chat/*"]})


@pytest.mark.parametrize("how", BOTH)
async def test_a_model_outside_the_scope_is_refused(running: Running, how: dict[str, Any]) -> None:
    await switch(running, "scopeguard", roles=[{"name": "default", "allowed_models": ["gpt-4o-mini"]}])
    assert (await say(running, **how)).status == 200
    answer = await say(running, model="gpt-4o", **how)
    error = answer.json["error"]
    assert (answer.status, error["param"], error["reason"]) == (
        403,
        "model",
        "gpt-4o is not one of gpt-4o-mini",
    )
    assert (await running.run(answer.run_id))["status"] == "blocked"


async def test_access_is_explained_by_what_would_refuse(running: Running) -> None:
    scopes = [{"projects": ["p"], "models": ["gpt-4o-mini"]}, {"deny_models": ["o1*"]}]
    await switch(running, "scopeguard", scopes=scopes)
    await switch(running, "modelalias", aliases={"fast": "gpt-4o-mini", "think": "o1"})
    for model, project, allowed in (
        ("fast", "p", True),
        ("think", "q", False),
        ("gpt-4o", "p", False),
        ("gpt-4o", "q", True),
    ):
        found = (await running.get(f"/api/proxy/access?model={model}&project={project}")).json
        status = (await say(running, model=model, headers={"x-project": project})).status
        assert (found["allowed"], status) == (allowed, 200 if allowed else 403), found
    assert found["served_model"] == "gpt-4o" and found["reason"].startswith("every scope")
