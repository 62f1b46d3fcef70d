"""The provider table: which service a model goes to, how its requests begin, and that nothing can be slipped into them."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.config import Settings
from headgate.providers.table import BadProvider, ProviderTable, parse_base_url
from headgate.providers.upstream import Origin
from headgate.testing.clock import FixedClock


def table(**settings: Any) -> ProviderTable:
    return ProviderTable.from_settings(Settings(**settings), FixedClock())


def test_without_key_and_address_the_mock_answers() -> None:
    assert table().route("gpt-4o").provider.is_mock
    assert table(openai_api_key="sk-x", provider="mock").route("gpt-4o").provider.is_mock


def test_a_key_alone_means_openai() -> None:
    provider = table(openai_api_key="sk-x").route("gpt-4o").provider
    assert (provider.origin, provider.base_path, provider.name) == (
        Origin("https", "api.openai.com", 443),
        "",
        "openai",
    )


def test_an_address_alone_is_used_without_a_key() -> None:
    provider = table(openai_base_url="http://127.0.0.1:9100/v1").route("m").provider
    head = provider.request_head("/v1/chat/completions", None)
    assert head.startswith(b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:9100\r\n")
    assert b"authorization" not in head
    assert head.endswith(b"\r\n")
    assert not head.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://api.openai.com", Origin("https", "api.openai.com", 443), ""),
        ("https://api.openai.com/v1", Origin("https", "api.openai.com", 443), ""),
        ("https://api.openai.com/v1/", Origin("https", "api.openai.com", 443), ""),
        ("http://box:8080/openai/v1", Origin("http", "box", 8080), "/openai"),
        ("http://[::1]:8080", Origin("http", "::1", 8080), ""),
        (" https://openrouter.ai/api ", Origin("https", "openrouter.ai", 443), "/api"),
    ],
)
def test_base_urls_with_and_without_v1(url: str, origin: Origin, path: str) -> None:
    assert parse_base_url(url) == (origin, path)


@pytest.mark.parametrize(
    "url", ["", "api.openai.com", "ftp://x", "https://", "https://x:99999", "https://x:port"]
)
def test_addresses_that_are_none_are_refused(url: str) -> None:
    with pytest.raises(BadProvider):
        parse_base_url(url)


def test_the_prefix_is_taken_from_model_ids() -> None:
    assert table().route("openai:gpt-4o-mini").upstream_model == "gpt-4o-mini"
    assert table().route("gpt-4o-mini").upstream_model == "gpt-4o-mini"
