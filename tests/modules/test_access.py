"""The explanation of access comes from the running modules, also when there are none."""

from __future__ import annotations

from headgate.call.module import Tools
from headgate.modules.access import explain_access
from headgate.modules.guard.scopeguard import Config, ScopeGuard
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock

QUESTION = {"key": "", "user": "", "app": "", "project": "", "endpoint": "/v1/embeddings", "model": "m"}


def test_without_scopes_everything_is_allowed() -> None:
    found = explain_access((), QUESTION)
    assert (found["allowed"], found["reason"], found["served_model"]) == (
        True,
        "no scope is about this caller",
        "m",
    )


def test_the_scope_that_refuses_is_named(clock: FixedClock) -> None:
    config = Config.model_validate({"scopes": [{"models": ["*"]}, {"models": ["x"]}]})
    found = explain_access([ScopeGuard(config, Tools(clock, MemoryStore(), {}))], QUESTION)
    assert (found["allowed"], found["scope"], found["reason"]) == (False, 1, "m is not one of x")
    assert [each["allowed"] for each in found["scopes"]] == [True, False]
