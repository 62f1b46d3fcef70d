"""Aliases are replaced once, exact names before beginnings, and the client's own name stays on record."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from headgate.call.module import Tools
from headgate.modules.shape.modelalias import Config, ModelAlias
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock
from tests.record.cache.calls import QUESTION, make_call

ALIASES = {
    "fast": "gpt-4o-mini",
    "smart": "fast",
    "claude-*": "gpt-4o",
    "claude-3*": "gpt-4o-mini",
    "local/*": "llama/*",
}


@pytest.mark.parametrize(("asked", "served"), [
    ("fast", "gpt-4o-mini"), ("smart", "fast"), ("claude-2", "gpt-4o"),
    ("claude-3-opus", "gpt-4o-mini"), ("local/8b", "llama/8b"),
    ("gpt-4o", "gpt-4o"), ("faster", "faster"),
])  # fmt: skip
def test_the_model_is_replaced(clock: FixedClock, asked: str, served: str) -> None:
    module = ModelAlias(Config(aliases=ALIASES), Tools(clock, MemoryStore(), {}))
    call = make_call({**QUESTION, "model": asked}, clock=clock)
    module.on_request(call)
    assert (call.model, call.view.model) == (served, asked)
    assert call.explanation.get("alias") == (None if asked == served else {"from": asked, "to": served})


def test_a_list_of_rows_is_understood_too() -> None:
    assert Config.model_validate({"aliases": [{"alias": "a", "model": "b"}]}).aliases == {"a": "b"}


@pytest.mark.parametrize(
    "aliases", [{"": "m"}, {"a": ""}, {"a*b": "m"}, {"a": "m*"}, {"a*": "m*n"}, [{"alias": "a"}]]
)
def test_aliases_that_mean_nothing_are_refused(aliases: Any) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate({"aliases": aliases})
