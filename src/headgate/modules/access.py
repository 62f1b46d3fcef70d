"""May this caller use that model? The answer of the very module that would refuse the call, with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headgate.call.module import Module
from headgate.modules.guard.scopeguard import ScopeGuard
from headgate.modules.scopes import Asked
from headgate.modules.shape.modelalias import ModelAlias


def explain_access(modules: Sequence[Module[Any]], question: Mapping[str, str]) -> dict[str, Any]:
    """What the running `modules` say of `question` (key, user, app, project, endpoint, model), scope by scope."""
    alias = next((module for module in modules if isinstance(module, ModelAlias)), None)
    model = question["model"]
    asked = Asked(**question, served=alias.resolved(model) if alias is not None else model)
    guard = next((module for module in modules if isinstance(module, ScopeGuard)), None)
    verdicts = guard.judge(asked) if guard is not None else []
    refusal = next((verdict for verdict in verdicts if verdict.reason), None)
    why = (
        "no scope is about this caller" if not verdicts else "every scope that is about this caller allows it"
    )
    return {
        "model": asked.model, "served_model": asked.served, "endpoint": asked.endpoint, "allowed": refusal is None,
        "reason": why if refusal is None else refusal.reason, "scope": None if refusal is None else refusal.scope,
        "scopes": [{"scope": each.scope, "allowed": not each.reason, "reason": each.reason} for each in verdicts],
    }  # fmt: skip
