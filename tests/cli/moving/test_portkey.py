"""A Portkey config: targets, weights, cache and time-outs; what is kept by Portkey itself is said to be missing."""

from __future__ import annotations

import json

import pytest

from headgate.cli.importing import check
from headgate.cli.moving import portkey
from headgate.cli.moving.result import Move, Unreadable
from tests.cli.moving_samples import PORTKEY_FALLBACK, PORTKEY_SINGLE, PORTKEY_SPLIT


def read(text: str) -> Move:
    return portkey.read(json.loads(text))


def test_weights_become_a_split_of_all_calls() -> None:
    move = read(PORTKEY_SPLIT)
    (experiment,) = move.settings["modules"]["abrouter"]["experiments"]
    assert experiment["variants"] == [
        {"provider": "openai", "model": "gpt-4o", "weight": 0.7},
        {"provider": "anthropic", "model": "claude-sonnet-4-5", "weight": 0.3},
    ]  # fmt: skip
    assert (move.settings["cache_ttl_s"], move.settings["total_timeout_s"]) == (3600, 30.0)


def test_what_is_not_taken_has_its_reason_and_keys_are_not_copied() -> None:
    move = read(PORTKEY_SPLIT)
    places = {place for place, _ in move.left}
    assert {
        "targets[0].api_key", "targets[0].override_params.temperature", "targets[1].retry",
        "targets[2].virtual_key", "input_guardrails",
    } <= places  # fmt: skip
    assert "sk-plain" not in f"{move.settings}{move.taken}{move.left}{move.environment}"


def test_one_target_stands_for_every_model() -> None:
    move = read(PORTKEY_SINGLE)
    assert move.settings["model_aliases"] == {"*": "anthropic:claude-haiku-4-5"}
    assert "cache.mode" in dict(move.left)


def test_a_chain_is_told_of() -> None:
    move = read(PORTKEY_FALLBACK)
    told = {place for place, _ in (*move.taken, *move.left)}
    assert {"strategy", "strategy.on_status_codes", "retry.attempts"} <= told
    (chain,) = move.settings["modules"]["failover"]["chains"]
    assert [each["provider"] for each in chain["chain"]] == ["openai", "together"]


@pytest.mark.parametrize("text", [PORTKEY_SPLIT, PORTKEY_FALLBACK, PORTKEY_SINGLE])
def test_the_settings_can_be_used(text: str) -> None:
    assert check(read(text).settings) == []


@pytest.mark.parametrize("text", ["[]", "{}", '{"a":1}', '{"targets":{}}'])
def test_what_is_no_config_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text)
