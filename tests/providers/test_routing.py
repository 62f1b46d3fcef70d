"""Which provider a model goes to, and the refusals that name the ones there are."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.config import Settings
from headgate.providers.provider import BadProvider
from headgate.providers.routing import UnknownProvider, claims, model_fits
from headgate.providers.table import ProviderTable
from headgate.testing.clock import FixedClock

ALL = {
    "GEMINI_API_KEY": "k", "GROQ_API_KEY": "k", "MISTRAL_API_KEY": "k", "TOGETHER_API_KEY": "k", "DEEPSEEK_API_KEY": "k",
    "FIREWORKS_API_KEY": "k", "PERPLEXITY_API_KEY": "k", "XAI_API_KEY": "k", "COHERE_API_KEY": "k",
}  # fmt: skip


def table(env: dict[str, str] | None = None, **settings: Any) -> ProviderTable:
    return ProviderTable.from_settings(Settings(provider_env=env or {}, **settings), FixedClock())


def went(made: ProviderTable, model: str, **more: str) -> tuple[str, str]:
    target = made.candidates(model, "openai.chat", **more)[0]
    return target.provider.name, target.upstream_model


@pytest.mark.parametrize(("model", "provider"), [
    ("gpt-4o", "openai"), ("o3-mini", "openai"), ("claude-sonnet-4-5", "anthropic"), ("gemini-2.5-pro", "gemini"),
    ("llama-3.3-70b-versatile", "groq"), ("mixtral-8x7b-32768", "groq"), ("gemma2-9b-it", "groq"),
    ("mistral-large-latest", "mistral"), ("codestral-latest", "mistral"), ("open-mistral-nemo", "mistral"),
    ("deepseek-chat", "deepseek"), ("command-r-plus", "cohere"), ("sonar-pro", "perplexity"), ("grok-4", "xai"),
    ("accounts/fireworks/models/llama-v3p3-70b-instruct", "fireworks"), ("Qwen/Qwen2.5-72B-Instruct-Turbo", "together"),
    ("meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo", "together"), ("something-else", "openai"),
])  # fmt: skip
def test_names_say_whose_they_are(model: str, provider: str) -> None:
    made = table(ALL, openai_api_key="k", anthropic_api_key="k")
    assert went(made, model) == (provider, model)


def test_a_prefix_or_a_hint_forces_a_provider() -> None:
    made = table(ALL, openai_api_key="k")
    assert went(made, "groq:gpt-4o") == ("groq", "gpt-4o")
    assert went(made, "groq/openai/gpt-oss-20b") == ("groq", "openai/gpt-oss-20b")
    assert went(made, "openai/gpt-4o-mini") == ("openai", "gpt-4o-mini")
    assert went(made, "google/gemini-2.5-pro") == ("gemini", "gemini-2.5-pro")
    assert went(made, "gpt-4o", hint="groq") == ("groq", "gpt-4o")
    assert went(made, "groq:x", hint="groq") == ("groq", "x")


def test_a_provider_that_is_not_configured_is_refused_with_those_that_are() -> None:
    made = table({"GROQ_API_KEY": "k"}, openai_api_key="k")
    for model, hint in (
        ("claude-sonnet-4-5", ""),
        ("anthropic:claude-x", ""),
        ("gpt-4o", "mistral"),
        ("x", "nobody"),
    ):
        with pytest.raises(UnknownProvider) as refusal:
            made.candidates(model, "openai.chat", hint)
        assert refusal.value.status == 400
        assert refusal.value.detail["configured"] == ["groq", "openai"]
        assert "groq, openai" in refusal.value.message


def test_an_address_of_ones_own_takes_every_model() -> None:
    made = table(openai_base_url="http://127.0.0.1:9100/v1")
    for model in ("gpt-4o", "claude-x", "whatever", "anthropic/claude-x"):
        assert went(made, model) == ("openai", model)
    assert went(made, "openai:gpt-4o") == ("openai", "gpt-4o")


def test_a_single_provider_takes_names_that_nobody_claims() -> None:
    assert went(table(anthropic_api_key="k"), "my-model") == ("anthropic", "my-model")
    with pytest.raises(UnknownProvider, match="model of openai"):
        table(anthropic_api_key="k").candidates("gpt-4o")


def test_local_services_take_open_weights_and_tags() -> None:
    made = table({"OLLAMA_BASE_URL": "http://127.0.0.1:11434"}, openai_api_key="k")
    assert went(made, "llama3.2:3b") == ("ollama", "llama3.2:3b")
    assert went(made, "mistral:7b") == ("ollama", "mistral:7b")
    assert went(made, "gpt-4o") == ("openai", "gpt-4o")


def test_services_that_sell_others_models_take_makers_names() -> None:
    made = table({}, openrouter_api_key="k", openai_api_key="k")
    assert went(made, "anthropic/claude-sonnet-4.5") == ("openrouter", "anthropic/claude-sonnet-4.5")
    assert went(made, "openai/gpt-4o") == ("openai", "gpt-4o")


def test_azure_stands_in_for_openai() -> None:
    made = table(
        {"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://me.test"}, anthropic_api_key="k"
    )
    assert went(made, "gpt-4o") == ("azure", "gpt-4o")


def test_a_price_list_knows_models_whose_names_say_nothing() -> None:
    made = table({"COHERE_API_KEY": "k"}, openai_api_key="k")
    assert went(made, "c4ai-aya") == ("openai", "c4ai-aya")
    made = made.knowing(lambda model: ("cohere",) if model.startswith("c4ai-") else ())
    assert went(made, "c4ai-aya") == ("cohere", "c4ai-aya")


def test_the_operators_routes_come_first_and_the_closest_counts() -> None:
    routes = {
        "gpt-*": ["groq:llama-3.3-70b-versatile", {"provider": "openai", "weight": 3}],
        "gpt-4o": "openai:gpt-4o-2024-08-06",
    }
    made = table({"GROQ_API_KEY": "k"}, openai_api_key="k", model_routes=routes)
    targets = made.candidates("gpt-4.1")
    assert [(each.provider.name, each.upstream_model, each.weight) for each in targets] == [
        ("groq", "llama-3.3-70b-versatile", 1), ("openai", "gpt-4.1", 3),
    ]  # fmt: skip
    assert went(made, "gpt-4o") == ("openai", "gpt-4o-2024-08-06")


@pytest.mark.parametrize("goals", ["mistral", [{"model": "x"}], [{"provider": "openai", "weight": -1}], 7])
def test_routes_that_lead_nowhere_are_refused_at_start(goals: Any) -> None:
    with pytest.raises(BadProvider):
        table(openai_api_key="k", model_routes={"gpt-*": goals})


def test_a_caller_with_a_key_reaches_a_service_that_is_not_configured() -> None:
    made = table(openai_api_key="k")
    target = made.candidates("claude-sonnet-4-5", "openai.chat", "", "sk-ant-callers")[0]
    assert (target.provider.name, target.provider.has_key) == ("anthropic", False)
    assert target.provider.url == "https://api.anthropic.com"
    with pytest.raises(UnknownProvider):
        made.candidates("claude-sonnet-4-5", "openai.chat", "", "gsk_callers")


def test_embeddings_go_only_where_there_are_any() -> None:
    made = table(anthropic_api_key="k")
    with pytest.raises(UnknownProvider, match="does not take"):
        made.candidates("claude-x", "openai.embeddings")


def test_the_longest_beginning_counts() -> None:
    assert claims("gpt-4o") == ("openai",)
    assert claims("mistral.mistral-large") == ("bedrock",)
    assert claims("unknown") == ()
    assert model_fits("gpt-*", "gpt-4o")
    assert not model_fits("gpt-4", "gpt-4o")
