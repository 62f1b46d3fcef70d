"""How each family of providers is asked: paths, credentials, versions."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.call.call import Wire
from headgate.config import Settings
from headgate.providers.provider import Provider
from headgate.providers.table import ProviderTable
from headgate.testing.clock import FixedClock

CHAT = "/v1/chat/completions"


def provider(name: str, env: dict[str, str], **settings: Any) -> Provider:
    found = ProviderTable.from_settings(Settings(provider_env=env, **settings), FixedClock()).get(name)
    assert found is not None
    return found


def head(
    made: Provider, wire: Wire, path: str, model: str = "m", body: bytes = b"{}"
) -> tuple[str, dict[str, str]]:
    key = made.keys[0] if made.keys else None
    first, *lines = made.prepare(wire, path, model, False, body, key).decode().rstrip("\r\n").split("\r\n")
    return first.removeprefix("POST ").removesuffix(" HTTP/1.1"), dict(line.split(": ", 1) for line in lines)


@pytest.mark.parametrize(("name", "variable", "where"), [
    ("groq", "GROQ_API_KEY", "api.groq.com/openai/v1/chat/completions"),
    ("mistral", "MISTRAL_API_KEY", "api.mistral.ai/v1/chat/completions"),
    ("perplexity", "PERPLEXITY_API_KEY", "api.perplexity.ai/chat/completions"),
    ("deepinfra", "DEEPINFRA_API_KEY", "api.deepinfra.com/v1/openai/chat/completions"),
    ("novita", "NOVITA_API_KEY", "api.novita.ai/v3/openai/chat/completions"),
    ("baseten", "BASETEN_API_KEY", "bridge.baseten.co/v1/direct/chat/completions"),
    ("github", "GITHUB_MODELS_TOKEN", "models.inference.ai.azure.com/chat/completions"),
    ("replicate", "REPLICATE_API_TOKEN", "openai-proxy.replicate.com/v1/chat/completions"),
    ("cohere", "COHERE_API_KEY", "api.cohere.com/compatibility/v1/chat/completions"),
])  # fmt: skip
def test_compatible_services_at_their_own_addresses(name: str, variable: str, where: str) -> None:
    path, lines = head(provider(name, {variable: "key-1"}), "openai.chat", CHAT)
    assert lines["host"] + path == where
    assert lines["authorization"] == "Bearer key-1"


def test_anthropic_has_its_own_headers() -> None:
    made = provider("anthropic", {}, anthropic_api_key="sk-ant-1")
    path, lines = head(made, "anthropic.messages", "/v1/messages")
    assert lines["host"] + path == "api.anthropic.com/v1/messages"
    assert (lines["x-api-key"], lines["anthropic-version"]) == ("sk-ant-1", "2023-06-01")
    assert "authorization" not in lines


def test_google_has_its_own_header_and_openais_formats_below_another_path() -> None:
    made = provider("gemini", {"GEMINI_API_KEY": "g-1"})
    path, lines = head(made, "google.generate", "/v1beta/models/gemini-2.5-flash:generateContent")
    assert path == "/v1beta/models/gemini-2.5-flash:generateContent"
    assert lines["x-goog-api-key"] == "g-1"
    path, lines = head(made, "openai.embeddings", "/v1/embeddings")
    assert (path, lines["authorization"]) == ("/v1beta/openai/embeddings", "Bearer g-1")


AZURE = {"AZURE_OPENAI_API_KEY": "az-1", "AZURE_OPENAI_ENDPOINT": "https://me.openai.azure.com/"}


def test_azure_names_the_deployment_in_the_path() -> None:
    made = provider("azure", AZURE | {"AZURE_OPENAI_API_VERSION": "2024-02-15-preview"})
    path, lines = head(made, "openai.chat", CHAT, "my gpt")
    assert path == "/openai/deployments/my%20gpt/chat/completions?api-version=2024-02-15-preview"
    assert lines["api-key"] == "az-1"
    assert "authorization" not in lines


def test_azure_without_a_version_in_its_new_form() -> None:
    made = provider("azure", AZURE | {"AZURE_OPENAI_API_VERSION": "v1"})
    assert head(made, "openai.chat", CHAT)[0] == "/openai/v1/chat/completions"
    at_v1 = provider("azure", AZURE | {"AZURE_OPENAI_ENDPOINT": "https://me.openai.azure.com/openai/v1"})
    assert head(at_v1, "openai.responses", "/v1/responses")[0] == "/openai/v1/responses"


AWS = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "eu-west-1"}


def test_bedrock_signs_what_it_sends() -> None:
    made = provider("bedrock", AWS)
    path, lines = head(made, "bedrock.converse", "/model/m/converse", body=b'{"a":1}')
    assert (lines["host"], path) == ("bedrock-runtime.eu-west-1.amazonaws.com", "/model/m/converse")
    assert lines["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/bedrock/")
    other = head(made, "bedrock.converse", "/model/m/converse", body=b'{"a":2}')[1]
    assert other["authorization"] != lines["authorization"], "the body is part of the signature"


def test_bedrocks_own_keys_are_bearer_tokens() -> None:
    made = provider("bedrock", {"AWS_BEARER_TOKEN_BEDROCK": "bk-1", "AWS_DEFAULT_REGION": "us-east-1"})
    assert head(made, "bedrock.converse", "/model/m/converse")[1]["authorization"] == "Bearer bk-1"


def test_vertex_puts_project_and_location_into_the_path() -> None:
    made = provider("vertex", {"VERTEX_PROJECT": "my-project", "VERTEX_LOCATION": "europe-west4"})
    path, lines = head(made, "google.generate", "/v1beta/models/gemini-2.5-flash:generateContent")
    assert lines["host"] == "europe-west4-aiplatform.googleapis.com"
    assert path == (
        "/v1/projects/my-project/locations/europe-west4/publishers/google/models/gemini-2.5-flash:generateContent"
    )
    assert made.opener is not None
    assert made.opener.stale(), "a token must be asked for first"


def test_openrouter_is_told_who_asks() -> None:
    made = provider("openrouter", {}, openrouter_api_key="sk-or-1", app_base_url="https://me.test")
    path, lines = head(made, "openai.chat", CHAT)
    assert lines["host"] + path == "openrouter.ai/api/v1/chat/completions"
    assert (lines["http-referer"], lines["x-title"]) == ("https://me.test", "Punk Chorus")
