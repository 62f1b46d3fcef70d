"""Settings as a whole: what wins, what is refused, what is masked."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import re
from pathlib import Path

import msgspec
import pytest

from headgate.config import ConfigError, Settings, is_loopback, load
from headgate.config_values import rule_of
from headgate.kernel.secret import MASK, Secret


def loaded(folder: Path, environ: dict[str, str] | None = None, **overrides: object) -> Settings:
    return load(overrides, environ=environ or {}, folder=folder).settings


def problems(folder: Path, environ: dict[str, str] | None = None, **overrides: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(overrides, environ=environ or {}, folder=folder)
    return caught.value.problems


def test_command_line_beats_headgate_beats_punk_beats_file_beats_default(tmp_path: Path) -> None:
    file = tmp_path / "headgate.yaml"
    file.write_text("port: 5004\n")
    sources: list[tuple[dict[str, str], dict[str, object], int]] = [
        ({"PUNK_PORT": "5003", "HEADGATE_PORT": "5002", "HEADGATE_CONFIG": str(file)}, {"port": 5001}, 5001),
        ({"PUNK_PORT": "5003", "HEADGATE_PORT": "5002", "HEADGATE_CONFIG": str(file)}, {}, 5002),
        ({"PUNK_PORT": "5003", "HEADGATE_CONFIG": str(file)}, {}, 5003),
        ({"HEADGATE_CONFIG": str(file)}, {}, 5004),
        ({}, {}, 4100),
    ]
    for environ, overrides, port in sources:
        assert loaded(tmp_path, environ, **overrides).port == port


def test_origins_tell_where_each_value_came_from(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PUNK_RETENTION_DAYS=7\n")
    file = tmp_path / "h.yaml"
    file.write_text("cache_ttl_s: 60\n")
    result = load({"port": 1, "config": file}, environ={"HEADGATE_HOST": "::1"}, folder=tmp_path)
    assert result.origins["port"] == "command line --port"
    assert result.origins["host"] == "HEADGATE_HOST"
    assert result.origins["retention_days"] == "PUNK_RETENTION_DAYS in .env"
    assert result.origins["cache_ttl_s"] == f"file {file}"
    assert "workers" not in result.origins


@pytest.mark.parametrize(
    ("name", "value", "attribute", "expected"),
    [
        ("OPENAI_BASE_URL", "http://x/v1", "openai_base_url", "http://x/v1"),
        ("DATABASE_URL", "postgres://h/d", "main_db_url", "postgresql://h/d"),
        ("HTTPS_PROXY", "http://p:1", "https_proxy", "http://p:1"),
        ("NO_PROXY", "a,b", "no_proxy", "a,b"),
        ("SSL_CERT_FILE", "/ca.pem", "ssl_cert_file", "/ca.pem"),
        ("PLASMATE_URL", "ws://p", "plasmate_url", "ws://p"),
        ("PUNK_REQUIRE_LOGIN", "1", "protected", True),
        ("PUNK_API_KEY", "k", "protected", True),
        ("PUNK_WORKER_POLL_MS", "70", "worker_poll_ms", 70),
        ("PUNK_ALLOW_PRIVATE_WEB_FETCH", "true", "allow_private_web_fetch", True),
        ("HEADGATE_TRUSTED_PROXIES", "10.0.0.1, 10.1.0.0/16", "trusted_proxies", ("10.0.0.1", "10.1.0.0/16")),
        ("HEADGATE_SPOOL_MAX_BYTES", "2GiB", "spool_max_bytes", 2 * 2**30),
        ("HEADGATE_MODEL_ALIASES", '{"fast":"gpt-4o-mini"}', "model_aliases", {"fast": "gpt-4o-mini"}),
    ],
)
def test_variables_of_the_references_and_ours_are_read(
    tmp_path: Path, name: str, value: str, attribute: str, expected: object
) -> None:
    assert getattr(loaded(tmp_path, {name: value}), attribute) == expected


def test_every_variable_of_the_references_is_known(tmp_path: Path) -> None:
    """Section 18 of the fact sheet: no name of it may be forgotten."""
    names = """
        PUNK_PORT PUNK_HOST PUNK_API_KEY PUNK_REQUIRE_LOGIN PUNK_ADMIN_EMAIL PUNK_ADMIN_PASSWORD PUNK_DATABASE_URL DATABASE_URL
        PUNK_DB_PATH PUNK_PROVIDER OPENAI_API_KEY OPENAI_BASE_URL ANTHROPIC_API_KEY ANTHROPIC_BASE_URL OPENROUTER_API_KEY
        OPENROUTER_BASE_URL OPENROUTER_SITE_URL OPENROUTER_APP_NAME PUNK_APP_BASE_URL PUNK_CHORUS_SOTA_SYNTHESIS_MODEL
        PLASMATE_URL MESHGUARD_URL MESHGUARD_API_KEY PUNK_POLICIES_DIR PUNK_AUTO_PROMOTE PUNK_LEARN_INTERVAL_MS
        PUNK_WORKER_POLL_MS PUNK_RETENTION_DAYS PUNK_RATE_LIMIT_RPM PUNK_CHAT_RATE_LIMIT_RPM PUNK_ALLOW_PRIVATE_WEB_FETCH
        PUNK_ALLOW_PRIVATE_WEBHOOKS PUNK_GATEWAY_URL PUNK_MCP_API_KEY
        HEADGATE_DATABASE_URL HEADGATE_VALKEY_URL HEADGATE_ALLOW_OPEN HEADGATE_CORS_ORIGINS HEADGATE_DATA_DIR HEADGATE_HOSTS
        HEADGATE_REQUIRE_LOGIN HEADGATE_SIGNUP HEADGATE_TRUSTED_PROXIES HEADGATE_ON_RECORD_FAILURE
    """.split()  # noqa: SIM905 - as the fact sheet lists them
    read = {
        name
        for field in dataclasses.fields(Settings)
        for name in ("HEADGATE_" + field.name.upper(), *rule_of(field).also)
    }
    assert set(names) <= read


def test_every_setting_has_a_sentence_that_ends() -> None:
    for field in dataclasses.fields(Settings):
        assert rule_of(field).sentence.endswith((".", "].")), field.name


def test_every_setting_is_used_by_the_product_or_says_that_it_is_not_yet() -> None:
    """A setting that nothing reads must not look as if it did something, and the other way round."""
    source = Path(__file__).parents[1] / "src" / "headgate"
    code = "".join(
        path.read_text()
        for path in source.rglob("*.py")
        if path.name not in ("config_values.py", "config_sources.py")
    )
    for field in dataclasses.fields(Settings):
        is_used = re.search(rf"\b(settings|self)\.{field.name}\b", code) is not None
        assert is_used != bool(rule_of(field).used_by), field.name


def test_secrets_are_masked_and_cannot_be_serialised(tmp_path: Path) -> None:
    settings = loaded(tmp_path, {"PUNK_API_KEY": "top-secret", "DATABASE_URL": "postgresql://me:hush@db/x"})
    assert settings.api_key == Secret("top-secret")
    assert settings.api_key.reveal() == "top-secret"
    for text in (str(settings.api_key), repr(settings.api_key), f"{settings.api_key}", repr(settings)):
        assert "top-secret" not in text
        assert "hush" not in text
        assert MASK in text
    assert copy.deepcopy(settings).api_key.reveal() == "top-secret"
    for serialise in (json.dumps, pickle.dumps, msgspec.json.encode, msgspec.to_builtins):
        with pytest.raises(TypeError):
            serialise(settings.api_key)


def test_a_secret_in_an_error_is_masked(tmp_path: Path) -> None:
    told = problems(tmp_path, {"DATABASE_URL": "mysql://me:hush@db/x"})
    assert len(told) == 1
    assert "DATABASE_URL" in told[0]
    assert "postgresql://" in told[0]
    assert "hush" not in told[0]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "gateway.example.com"])
def test_open_mode_is_refused_on_an_address_others_can_reach(tmp_path: Path, host: str) -> None:
    [problem] = problems(tmp_path, host=host)
    assert "HEADGATE_HOST" in problem
    assert "HEADGATE_API_KEY" in problem
    assert loaded(tmp_path, {"PUNK_API_KEY": "k"}, host=host).host == host
    assert loaded(tmp_path, {"HEADGATE_REQUIRE_LOGIN": "1"}, host=host).host == host
    assert loaded(tmp_path, {"HEADGATE_ALLOW_OPEN": "1"}, host=host).host == host


def test_loopback_addresses_are_known() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.8.0.1", "::1", "[::1]", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "localhost.example.com", "")))


def test_several_workers_name_what_is_missing_and_are_refused_even_with_both(tmp_path: Path) -> None:
    [alone] = problems(tmp_path, workers=2)
    assert "HEADGATE_DATABASE_URL" in alone
    assert "HEADGATE_VALKEY_URL" in alone
    [half] = problems(tmp_path, {"DATABASE_URL": "postgresql://h/d"}, workers=2)
    assert "HEADGATE_DATABASE_URL" not in half
    assert "HEADGATE_VALKEY_URL" in half
    [both] = problems(
        tmp_path, {"DATABASE_URL": "postgresql://h/d", "HEADGATE_VALKEY_URL": "redis://h"}, workers=2
    )
    assert "not available yet" in both


def test_checks_of_a_gateway_do_not_hinder_other_commands(tmp_path: Path) -> None:
    assert (
        load({"host": "0.0.0.0", "workers": 4}, environ={}, folder=tmp_path, serving=False).settings.workers
        == 4
    )


def test_half_a_tls_pair_is_refused(tmp_path: Path) -> None:
    [problem] = problems(tmp_path, tls_cert="c.pem")
    assert "HEADGATE_TLS_KEY" in problem


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    told = problems(
        tmp_path, {"HEADGATE_PORT": "abc", "HEADGATE_LOG_LEVEL": "loud", "HEADGATE_SPOOL_FSYNC": "maybe"}
    )
    assert len(told) == 3


def test_the_database_lies_in_the_data_folder_unless_moved(tmp_path: Path) -> None:
    assert loaded(tmp_path, data_dir=tmp_path).main_db_url == f"sqlite:///{tmp_path}/headgate.db"
    assert loaded(tmp_path, {"PUNK_DB_PATH": "/elsewhere/p.db"}).main_db_url == "sqlite:////elsewhere/p.db"
    assert (
        loaded(tmp_path, {"HEADGATE_DATABASE_URL": "postgresql+asyncpg://h/d"}).main_db_url
        == "postgresql://h/d"
    )


def test_a_plain_string_given_in_code_becomes_a_secret() -> None:
    given: dict[str, object] = {"api_key": "k"}
    assert Settings(**given).api_key == Secret("k")  # pyright: ignore[reportArgumentType]
