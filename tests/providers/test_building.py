"""The settings as providers: keys, pools, addresses, and what makes one count as configured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headgate.config import Settings, load
from headgate.kernel.secret import Secret
from headgate.providers.building import build_rows, custom_row, known_row
from headgate.providers.provider import BadProvider, Provider
from headgate.providers.rows import ROWS, VARIABLES
from headgate.testing.clock import FixedClock

CHAT = "/v1/chat/completions"


def rows(env: dict[str, str] | None = None, **settings: Any) -> dict[str, Provider]:
    return build_rows(Settings(provider_env=env or {}, **settings), FixedClock())


def path_of(made: Provider) -> str:
    line = made.prepare("openai.chat", CHAT, "m", False, b"", None).split(b" ", 2)[1]
    return f"{made.origin}{line.decode()}"


def test_nothing_is_configured_without_keys_and_addresses() -> None:
    assert rows() == {}


@pytest.mark.parametrize(
    "name", [name for name, row in ROWS.items() if row.keys and row.url and not row.local]
)
def test_every_service_is_configured_by_its_own_variable(name: str) -> None:
    row = ROWS[name]
    settings = load(environ={row.keys[0]: "key-one"}, folder=Path("/nowhere")).settings
    made = build_rows(settings, FixedClock())
    assert list(made) == [name]
    assert [key.secret for key in made[name].keys] == ["key-one"]
    assert made[name].family == row.family


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.local])
def test_local_services_are_there_when_they_have_an_address(name: str) -> None:
    assert rows({f"{name.upper()}_API_KEY": "k"}) == {}
    made = rows({f"{name.upper()}_BASE_URL": "http://127.0.0.1:7000"})[name]
    assert path_of(made) == "http://127.0.0.1:7000/v1/chat/completions"
    assert not made.has_key


def test_several_keys_are_a_pool() -> None:
    made = rows({"GROQ_API_KEY": "one, two,one,"})["groq"]
    assert [key.secret for key in made.keys] == ["one", "two"]
    assert len({key.ref for key in made.keys}) == 2


def test_a_file_can_hold_a_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-file\n")
    loaded = load(environ={"XAI_API_KEY_FILE": str(tmp_path / "key")}, folder=tmp_path)
    assert build_rows(loaded.settings, FixedClock())["xai"].keys[0].secret == "from-file"


@pytest.mark.parametrize(("env", "name", "where"), [
    ({"GROQ_BASE_URL": "http://box:1/x"}, "groq", "http://box:1/x/v1/chat/completions"),
    ({"GROQ_BASE_URL": "http://box:1/x/v1/"}, "groq", "http://box:1/x/v1/chat/completions"),
    ({"PERPLEXITY_BASE_URL": "http://box:1"}, "perplexity", "http://box:1/chat/completions"),
    ({"DEEPINFRA_BASE_URL": "http://box:1/v1/openai"}, "deepinfra", "http://box:1/v1/openai/chat/completions"),
])  # fmt: skip
def test_an_address_of_ones_own(env: dict[str, str], name: str, where: str) -> None:
    made = rows(env)[name]
    assert path_of(made) == where
    assert made.foreign


def test_addresses_that_are_none_name_their_variable() -> None:
    with pytest.raises(BadProvider, match="GROQ_BASE_URL"):
        rows({"GROQ_BASE_URL": "api.groq.com"})


@pytest.mark.parametrize(("url", "where"), [
    ("http://box:8000", "http://box:8000/v1/chat/completions"),
    ("http://box:8000/v1", "http://box:8000/v1/chat/completions"),
    ("https://box/api/openai", "https://box/api/openai/chat/completions"),
])  # fmt: skip
def test_providers_of_ones_own(url: str, where: str) -> None:
    given = {"base_url": url, "api_key": Secret("a,b"), "models": ["mine-*"], "headers": {"X-Team": "blue"}}
    made = custom_row("mine", given)
    assert path_of(made) == where
    assert [key.secret for key in made.keys] == ["a", "b"]
    assert made.lines == (("x-team", "blue"),)
    assert rows(providers={"mine": given})["mine"].models == ("mine-*",)


@pytest.mark.parametrize("given", [
    {}, {"base_url": "x"}, {"base_url": "http://x", "wire": 1}, "http://x", {"base_url": "http://x", "family": "bedrock"},
])  # fmt: skip
def test_providers_of_ones_own_that_cannot_be_used(given: Any) -> None:
    with pytest.raises(BadProvider):
        custom_row("mine", given)


def test_bedrock_needs_a_region_and_vertex_a_project() -> None:
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"}
    assert rows(keys) == {}
    assert rows(keys | {"AWS_DEFAULT_REGION": "us-east-1"})["bedrock"].site["region"] == "us-east-1"
    assert rows({"VERTEX_LOCATION": "global"}) == {}
    assert (
        rows({"VERTEX_LOCATION": "global", "VERTEX_PROJECT": "p"})["vertex"].origin.host
        == "aiplatform.googleapis.com"
    )


def test_known_services_without_a_key() -> None:
    made = known_row("groq")
    assert made is not None
    assert (made.url, made.has_key) == ("https://api.groq.com/openai", False)
    assert known_row("ollama") is None
    assert known_row("azure") is None


def test_no_secret_shows() -> None:
    mine = {"base_url": "http://x", "api_key": "sk-hush", "headers": {"x": "h-hush"}}
    settings = Settings(provider_env={"GROQ_API_KEY": "gsk_hush"}, providers={"mine": mine})
    shown = repr(settings) + repr(build_rows(settings, FixedClock()))
    assert "hush" not in shown
    assert "GROQ_API_KEY" in shown


def test_every_variable_is_named_once() -> None:
    assert len(VARIABLES) == len(set(VARIABLES))
    assert {
        "GEMINI_API_KEY",
        "HF_TOKEN",
        "AZURE_OPENAI_ENDPOINT",
        "OLLAMA_BASE_URL",
        "LMSTUDIO_BASE_URL",
    } <= set(VARIABLES)
