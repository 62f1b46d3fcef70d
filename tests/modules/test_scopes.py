"""Whom a scope is about, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from headgate.modules.scopes import Asked, ReadyScope, Scope, Verdict


def judge(asked: Asked, **scope: Any) -> Verdict | None:
    return ReadyScope(Scope(**scope), 3).judge(asked)


def asked(model: str = "gpt-4o", served: str = "", **about: str) -> Asked:
    given = {
        "key": "key_1",
        "user": "anna",
        "app": "shop",
        "project": "red",
        "endpoint": "/v1/chat/completions",
    }
    return Asked(**(given | about), model=model, served=served or model)


def test_a_scope_of_others_says_nothing() -> None:
    assert judge(asked(), keys=("key_2",), models=("none",)) is None
    assert judge(asked(), users=("bert",)) is None
    assert judge(asked(), apps=("web",)) is None
    assert judge(asked(), projects=("blue",)) is None


def test_a_pattern_takes_in_any_rest() -> None:
    assert judge(asked(), keys=("key_*",)) == Verdict(3)


def test_a_model_that_is_not_listed_is_refused() -> None:
    verdict = judge(asked("o3"), models=("gpt-*",))
    assert verdict is not None
    assert (verdict.scope, verdict.what) == (3, "model")
    assert "gpt-*" in verdict.reason


def test_denial_wins_over_allowance() -> None:
    verdict = judge(asked("gpt-4o"), models=("gpt-*",), deny_models=("gpt-4o",))
    assert verdict is not None
    assert verdict.reason != ""


def test_the_model_that_would_really_answer_is_judged_too() -> None:
    verdict = judge(asked("fast", served="o3-pro"), deny_models=("o3*",))
    assert verdict is not None
    assert verdict.what == "model"


def test_an_endpoint_that_is_not_listed_is_refused() -> None:
    verdict = judge(asked(endpoint="/v1/embeddings"), endpoints=("/v1/chat/*",))
    assert verdict is not None
    assert verdict.what == "endpoint"


def test_a_role_of_the_reference_is_about_the_project_of_its_name() -> None:
    scope = Scope.model_validate({"name": "red", "allowed_models": ["gpt-4o"]})
    assert (scope.projects, scope.models) == (("red",), ("gpt-4o",))


def test_a_field_that_is_none_is_named() -> None:
    with pytest.raises(ValidationError, match="modles"):
        Scope.model_validate({"modles": ["gpt-4o"]})
