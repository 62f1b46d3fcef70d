"""The rows of known services: complete, with addresses that can be read and names that fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.providers.provider import parse_base_url
from headgate.providers.rows import AGGREGATORS, ALTERNATES, BEGINNINGS, KEY_BEGINNINGS, OTHER_NAMES, ROWS

NAMED = [
    "openai", "anthropic", "gemini", "groq", "mistral", "together", "deepseek", "fireworks", "perplexity", "openrouter",
    "xai", "cohere", "replicate", "azure", "cerebras", "sambanova", "deepinfra", "nvidia", "huggingface", "ai21", "friendli",
    "hyperbolic", "novita", "featherless", "lambda", "nebius", "lepton", "nscale", "baseten", "moonshot", "dashscope", "yi",
    "github", "bedrock", "vertex", "ollama", "lmstudio", "vllm", "sglang", "tgi",
]  # fmt: skip


def test_the_services_are_there() -> None:
    assert list(ROWS) == NAMED


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.url])
def test_addresses_can_be_read_and_only_local_ones_are_in_the_clear(name: str) -> None:
    origin, _ = parse_base_url(ROWS[name].url)
    assert (origin.scheme == "http") == ROWS[name].local
    assert (origin.host == "localhost") == ROWS[name].local


def test_every_name_that_is_pointed_at_exists() -> None:
    pointed = {*BEGINNINGS.values(), *KEY_BEGINNINGS.values(), *OTHER_NAMES.values(), *AGGREGATORS}
    pointed |= {name for pair in ALTERNATES.items() for name in (pair[0], *pair[1])}
    assert pointed <= set(ROWS)


def test_variables_follow_the_name_unless_the_service_has_its_own() -> None:
    own = {"gemini", "replicate", "huggingface", "friendli", "azure", "github", "bedrock", "vertex"}
    for name, row in ROWS.items():
        if name not in own:
            assert row.keys == (f"{name.upper()}_API_KEY",)
        assert f"{name.upper()}_BASE_URL" in row.urls


def test_the_page_of_providers_names_every_variable() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "providers.md").read_text()
    for row in ROWS.values():
        assert f"| {row.name} |" in page
        assert [name for name in (*row.keys, *row.urls) if f"`{name}`" not in page] == []
