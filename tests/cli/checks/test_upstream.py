"""Doctor asks the provider, over real sockets: the fault server gives every kind of answer."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from headgate.cli.checks.upstream import provider
from headgate.config import Settings
from headgate.kernel.secret import Secret
from headgate.testing.certificates import Authority
from headgate.testing.fault_server import FaultServer
from headgate.testing.faults import Script, answer, refusal

KEY = Secret("sk-test")
DATE = "date: Tue, 01 Jan 2030 00:00:00 GMT"
MODELS = Script((answer(b'{"object":"list","data":[]}', "200 OK", DATE),))


@pytest.mark.parametrize(
    ("script", "state", "word"),
    [
        (MODELS, "ok", "takes the key"),
        (refusal("401 Unauthorized", "invalid_api_key"), "bad", "refuses the key"),
        (refusal("403 Forbidden", "forbidden"), "bad", "refuses the key"),
        (refusal("404 Not Found", "not_found"), "warn", "no list of models"),
        (refusal("429 Too Many Requests", "rate_limit_exceeded"), "warn", "limits the rate"),
        (refusal("500 Internal Server Error", "server_error"), "bad", "status 500"),
        (Script(("reset",)), "bad", "(reset)"),
        (Script((b"SSH-2.0-OpenSSH_9.0\r\n", "close")), "bad", "does not answer"),
    ],
)
async def test_each_answer_has_its_finding(script: Script, state: str, word: str) -> None:
    async with FaultServer() as server:
        server.queue(script)
        _, [finding] = await provider(Settings(openai_base_url=f"{server.url}/v1", openai_api_key=KEY))
    assert (finding.state, word in finding.what) == (state, True), finding
    assert state == "ok" or finding.cure
    [asked] = server.seen
    assert (asked.method, asked.path) == ("GET", "/v1/models")
    assert asked.headers["authorization"] == "Bearer sk-test"
    assert "sk-test" not in finding.what + finding.cure


async def test_the_providers_clock_is_passed_on() -> None:
    async with FaultServer() as server:
        server.queue(MODELS)
        told, _ = await provider(Settings(openai_base_url=server.url))
    assert told is not None
    assert told.date.startswith("Tue, 01 Jan 2030")


async def test_a_service_that_wants_a_key_says_so() -> None:
    async with FaultServer() as server:
        server.queue(refusal("401 Unauthorized", "invalid_api_key"))
        _, [finding] = await provider(Settings(openai_base_url=server.url))
    assert "wants a key" in finding.what
    assert "authorization" not in server.seen[0].headers


@pytest.mark.parametrize(("expired", "trusted"), [(True, True), (False, False)])
async def test_a_bad_certificate_is_told(tmp_path: Path, expired: bool, trusted: bool) -> None:
    authority = Authority(tmp_path)
    async with FaultServer(tls=authority.issue("localhost", expired=expired).server_context()) as server:
        url = f"https://localhost:{server.port}"
        settings = Settings(openai_base_url=url, ssl_cert_file=str(authority.ca) if trusted else "")
        told, [finding] = await provider(settings)
    assert told is None
    assert "(tls)" in finding.what
    assert "SSL_CERT_FILE" in finding.cure
    assert server.seen == []


async def test_a_good_certificate_of_ones_own_authority_is_fine(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with FaultServer(tls=authority.issue("localhost").server_context()) as server:
        server.queue(MODELS)
        settings = Settings(
            openai_base_url=f"https://localhost:{server.port}", ssl_cert_file=str(authority.ca)
        )
        _, [finding] = await provider(settings)
    assert finding.state == "ok"


async def test_nobody_at_the_address() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    told, [finding] = await provider(Settings(openai_base_url=f"http://127.0.0.1:{port}"))
    assert told is None
    assert "(refused)" in finding.what
    assert "OPENAI_BASE_URL" in finding.cure


async def test_a_dead_proxy() -> None:
    settings = Settings(openai_base_url="https://api.invalid", https_proxy="http://127.0.0.1:1")
    _, [finding] = await provider(settings)
    assert finding.state == "bad"
    assert "HTTPS_PROXY" in finding.cure


async def test_without_key_and_address_nobody_is_asked() -> None:
    told, [finding] = await provider(Settings())
    assert told is None
    assert "mock" in finding.what


async def test_every_provider_is_asked_and_named_by_its_own_variable() -> None:
    async with FaultServer() as openai, FaultServer() as groq:
        openai.queue(MODELS)
        groq.queue(refusal("401 Unauthorized", "invalid_api_key"))
        env = {"GROQ_API_KEY": "gsk-x", "GROQ_BASE_URL": groq.url}
        settings = Settings(openai_api_key=KEY, openai_base_url=openai.url, provider_env=env)
        _, findings = await provider(settings)
    assert [each.state for each in findings] == ["ok", "bad"]
    assert "GROQ_API_KEY" in findings[1].cure
