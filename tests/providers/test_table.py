"""The provider table: which service a model goes to, how its requests begin, and that nothing can be slipped into them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from headgate.providers.table import BadProvider, Provider, ProviderTable, parse_base_url
from headgate.providers.upstream import Origin


def table(**settings: str) -> ProviderTable:
    given = {"openai_api_key": "", "openai_base_url": "", "provider": ""} | settings
    return ProviderTable.from_settings(SimpleNamespace(**given))


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


def test_whose_key_goes_upstream() -> None:
    without = Provider("p", Origin("https", "p.test", 443))
    with_key = Provider("p", Origin("https", "p.test", 443), key="server-key")
    assert b"authorization: Bearer callers\r\n" in without.request_head("/v1/x", "callers")
    assert b"authorization: Bearer server-key\r\n" in with_key.request_head("/v1/x", "callers")
    assert b"authorization: Bearer callers\r\n" in with_key.request_head("/v1/x", "callers", first=True)
    assert "server-key" not in repr(with_key)


def test_hosts_are_written_as_the_protocol_wants() -> None:
    assert b"host: p.test\r\n" in Provider("p", Origin("https", "p.test", 443)).request_head("/x", None)
    assert b"host: p.test:444\r\n" in Provider("p", Origin("https", "p.test", 444)).request_head("/x", None)
    assert b"host: [::1]\r\n" in Provider("p", Origin("http", "::1", 80)).request_head("/x", None)


@pytest.mark.parametrize("key", ["a\r\nx: y", "a\nb", "a\rb", "a\0b", "a\x7fb", "kéy", "a\tb"])
def test_a_key_cannot_smuggle_lines(key: str) -> None:
    provider = Provider("p", Origin("https", "p.test", 443))
    with pytest.raises(BadProvider) as refusal:
        provider.request_head("/v1/x", key)
    assert key not in str(refusal.value)


@pytest.mark.parametrize("path", ["/x HTTP/1.1\r\nx: y", "/a b", "/é", "/x\r\n", "/x#\n"])
def test_a_path_cannot_smuggle_lines(path: str) -> None:
    with pytest.raises(BadProvider):
        Provider("p", Origin("https", "p.test", 443)).request_head(path, None)


def test_a_base_path_and_host_cannot_either() -> None:
    for provider in (
        Provider("p", Origin("https", "p.test", 443), base_path="/a b"),
        Provider("p", Origin("https", "p.test\r\nx: y", 443)),
    ):
        with pytest.raises(BadProvider):
            provider.request_head("/x", None)
