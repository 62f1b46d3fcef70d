"""A provider's requests: whose key opens it, how its heads read, and that nothing can be slipped into them."""

from __future__ import annotations

import pytest

from headgate.call.caller import open_caller
from headgate.kernel.errors import BadRequest
from headgate.providers.provider import BadProvider, Provider, ProviderKey, fits
from headgate.providers.rows import Family
from headgate.providers.upstream import Origin

CHAT = "/v1/chat/completions"


def test_whose_key_goes_upstream() -> None:
    without = Provider("p", Origin("https", "p.test", 443))
    with_key = Provider("p", Origin("https", "p.test", 443), keys=(ProviderKey.of("server-key"),))
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


def test_a_key_is_named_without_being_told() -> None:
    key = ProviderKey.of("sk-very-secret")
    assert key.ref == ProviderKey.of("sk-very-secret").ref != ProviderKey.of("sk-other").ref
    assert "very" not in repr(key)
    assert "very" not in key.ref


def test_each_key_of_a_pool_has_a_head_of_its_own_that_is_made_once() -> None:
    keys = tuple(ProviderKey.of(each) for each in ("k-one", "k-two"))
    provider = Provider("p", Origin("https", "p.test", 443), keys=keys)
    first, second = (provider.prepare("openai.chat", CHAT, "m", False, b"{}", each) for each in keys)
    assert b"Bearer k-one\r\n" in first
    assert b"Bearer k-two\r\n" in second
    assert provider.prepare("openai.chat", CHAT, "m", False, b"{}", keys[0]) is first


def test_the_callers_key_is_used_where_the_server_has_none() -> None:
    caller = open_caller().with_provider_key("sk-callers")
    keyless = Provider("openai", Origin("https", "api.openai.com", 443))
    assert keyless.caller_key(caller) == "sk-callers"
    owned = Provider("openai", keyless.origin, keys=(ProviderKey.of("sk-own"),))
    assert owned.caller_key(caller) is None
    assert owned.caller_key(open_caller().with_provider_key("sk-callers", first=True)) == "sk-callers"


def test_a_callers_key_of_another_service_is_never_sent() -> None:
    openai = Provider("openai", Origin("https", "api.openai.com", 443))
    assert openai.caller_key(open_caller().with_provider_key("sk-ant-callers")) is None
    with pytest.raises(BadRequest, match="openai"):
        openai.caller_key(open_caller().with_provider_key("gsk_callers", first=True))
    elsewhere = Provider("openai", Origin("http", "proxy", 80), foreign=True)
    assert elsewhere.caller_key(open_caller().with_provider_key("sk-or-callers")) == "sk-or-callers"


@pytest.mark.parametrize(("key", "provider"), [
    ("sk-ant-x", "anthropic"), ("sk-or-x", "openrouter"), ("gsk_x", "groq"), ("pplx-x", "perplexity"), ("sk-x", "deepseek"),
    ("sk-x", "openai"), ("anything", "cohere"),
])  # fmt: skip
def test_keys_fit_their_services(key: str, provider: str) -> None:
    assert fits(key, provider)


@pytest.mark.parametrize(("key", "provider"), [("sk-ant-x", "openai"), ("gsk_x", "xai"), ("xai-x", "cohere")])
def test_keys_do_not_fit_others(key: str, provider: str) -> None:
    assert not fits(key, provider)


@pytest.mark.parametrize(("family", "path"), [
    ("google", "/v1beta/models/../../x:generateContent"), ("google", "/v1beta/models/..:generateContent"),
    ("bedrock", "/model/../converse"), ("openai", "/v1/./x"), ("openai", "/v1/x/.."),
])  # fmt: skip
@pytest.mark.pain(17)
def test_a_model_cannot_lead_out_of_its_path(family: Family, path: str) -> None:
    """Pain 17: a name that is put into a path must stay where it was put."""
    with pytest.raises(BadProvider):
        Provider("p", Origin("https", "p.test", 443), family=family).prepare(
            "google.generate", path, "m", False, b""
        )


def test_dots_in_names_are_no_parts() -> None:
    made = Provider("p", Origin("https", "p.test", 443), family="google")
    path = "/v1beta/models/gemini-2.5-flash..x/.hidden:generateContent?alt=../x"
    assert path.encode() in made.prepare("google.generate", path, "m", False, b"")
