"""A LiteLLM config: what is taken, what is not, and why; nothing disappears, nothing is guessed, no key is copied."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from headgate.cli.importing import check
from headgate.cli.moving import litellm
from headgate.cli.moving.result import Move, Unreadable
from tests.cli.moving_samples import LITELLM


@pytest.fixture
def move() -> Move:
    return litellm.read(yaml.safe_load(LITELLM))


def left(move: Move) -> dict[str, str]:
    return dict(move.left)


def read(**config: Any) -> Move:
    return litellm.read(config)


def test_models_become_aliases_of_provider_and_model(move: Move) -> None:
    assert move.settings["model_aliases"] == {
        "gpt-4o": "openai:gpt-4o", "fast": "groq:llama-3.1-8b-instant", "claude": "anthropic:claude-sonnet-4-5",
        "local": "ollama:llama3.2", "inhouse": "llm-example-com:our-model", "gpt-4": "openai:gpt-4o",
    }  # fmt: skip


def test_deployments_of_one_name_are_split_by_their_weights(move: Move) -> None:
    (experiment,) = move.settings["modules"]["abrouter"]["experiments"]
    assert [(each["provider"], each["weight"]) for each in experiment["variants"]] == [
        ("openai", 3.0),
        ("mistral", 1.0),
    ]
    assert "model_list[4].litellm_params.rpm" in left(move), (
        "a limit of one deployment is not one of the model"
    )


def test_keys_are_taken_by_their_variables_and_never_copied(move: Move) -> None:
    assert move.environment == {
        "OPENAI_API_KEY": "OPENAI_API_KEY", "GROQ_API_KEY": "GROQ_KEY_PROD", "MISTRAL_API_KEY": "MISTRAL_API_KEY",
        "ANTHROPIC_API_KEY": "the key in the other file", "OLLAMA_BASE_URL": "http://localhost:11434",
        "HEADGATE_API_KEY": "LITELLM_MASTER_KEY",
    }  # fmt: skip
    assert "sk-ant-plain" not in f"{move.settings}{move.taken}{move.left}{move.environment}"


def test_budgets_become_caps_of_the_same_period(move: Move) -> None:
    assert move.settings["caps"] == {"tenant:": {"monthly": 100.0}, "user:*": {"daily": 2.5}}


def test_a_budget_over_another_time_is_no_cap() -> None:
    move = read(litellm_settings={"max_budget": 5, "budget_duration": "7d"})
    assert "caps" not in move.settings
    assert "7d" in left(move)["litellm_settings.max_budget"]


def test_prices_are_per_million_tokens(move: Move) -> None:
    assert move.settings["prices"] == {"claude-sonnet-4-5": {"input": 3.0, "output": 15.0}}


def test_what_is_not_taken_has_its_reason(move: Move) -> None:
    reasons = left(move)
    for place in (
        "model_list[2].litellm_params.api_key", "model_list[2].litellm_params.max_tokens", "model_list[6].litellm_params.api_key",
        "model_list[7].litellm_params.model", "litellm_settings.cache_params.host", "litellm_settings.success_callback",
        "litellm_settings.context_window_fallbacks", "router_settings.redis_host", "general_settings.database_url",
        "general_settings.alerting", "environment_variables",
    ):  # fmt: skip
        assert reasons[place]


def test_every_leaf_of_the_file_is_told_of(move: Move) -> None:
    """Taken or not: each top setting of each section stands in the report."""
    told = " ".join(place for place, _ in (*move.taken, *move.left))
    config = yaml.safe_load(LITELLM)
    for section in ("litellm_settings", "router_settings", "general_settings"):
        for name in config[section]:
            if name in (
                "budget_duration",
                "internal_user_budget_duration",
                "routing_strategy",
                "cache_params",
            ):
                continue  # told with what they belong to
            assert name in told, f"{section}.{name}"


def test_a_strategy_that_is_not_known_keeps_the_first_deployment_and_says_so() -> None:
    row = {"model_name": "m", "litellm_params": {"model": "openai/gpt-4o"}}
    other = {"model_name": "m", "litellm_params": {"model": "groq/llama"}}
    move = read(model_list=[row, other], router_settings={"routing_strategy": "least-busy"})
    assert move.settings == {"model_aliases": {"m": "openai:gpt-4o"}}
    assert "least-busy" in left(move)["model_list[0]"]


def test_the_settings_can_be_used(move: Move) -> None:
    assert check(move.settings) == []


@pytest.mark.parametrize(
    "config", [None, [], {"a": 1}, {"model_list": {}}, {"model_list": [{"model_name": 1}]}, "text"]
)
def test_what_is_no_config_is_refused(config: Any) -> None:
    with pytest.raises(Unreadable):
        litellm.read(config)
