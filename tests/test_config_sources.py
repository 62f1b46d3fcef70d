"""Sources of settings: variables, `.env`, secret files and the YAML file."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.config import ConfigError, load


def refused(folder: Path, environ: dict[str, str], **overrides: object) -> str:
    with pytest.raises(ConfigError) as caught:
        load(overrides, environ=environ, folder=folder)
    return str(caught.value)


def test_dotenv_is_read_and_never_beats_a_real_variable(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        '# comment\n\nexport HEADGATE_PORT=5001\nHEADGATE_LOG_LEVEL="debug" # why\n'
        "PUNK_API_KEY='a # b'\nHEADGATE_HOST=::1 # six\n"
    )
    result = load({}, environ={"PUNK_PORT": "5002"}, folder=tmp_path)
    assert result.settings.port == 5002
    assert result.settings.log_level == "debug"
    assert result.settings.api_key.reveal() == "a # b"
    assert result.settings.host == "::1"
    assert result.warnings == ()


def test_a_line_of_dotenv_that_is_none_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("what is this\nHEADGATE_PORT=5001\n")
    result = load({}, environ={}, folder=tmp_path)
    assert result.settings.port == 5001
    assert "line 1" in result.warnings[0]


def test_an_unknown_variable_is_a_warning_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PUNK_RETENTION=3\n")
    environ = {"HEADGATE_DATADIR": "x", "PUNK_ZQXW": "1", "OPENAI_ORG": "x", "PATH": "/bin"}
    warnings = load({}, environ=environ, folder=tmp_path).warnings
    assert len(warnings) == 3
    assert "HEADGATE_DATADIR" in warnings[0]
    assert "HEADGATE_DATA_DIR?" in warnings[0]
    assert "PUNK_ZQXW" in warnings[1]
    assert "PUNK_RETENTION in .env" in warnings[2]
    assert "PUNK_RETENTION_DAYS" in warnings[2]


def test_a_known_variable_is_no_warning_and_an_empty_one_counts_as_unset(tmp_path: Path) -> None:
    result = load(
        {}, environ={"HEADGATE_PORT": "", "PUNK_PORT": "5002", "HEADGATE_API_KEY_FILE": ""}, folder=tmp_path
    )
    assert result.settings.port == 5002
    assert result.warnings == ()


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("from-file\n")
    for name in ("HEADGATE_API_KEY_FILE", "PUNK_API_KEY_FILE"):
        result = load({}, environ={name: str(secret)}, folder=tmp_path)
        assert result.settings.api_key.reveal() == "from-file"
        assert result.origins["api_key"] == name
    url = tmp_path / "url"
    url.write_text("postgresql://h/d")
    assert (
        load({}, environ={"DATABASE_URL_FILE": str(url)}, folder=tmp_path).settings.database_url
        == "postgresql://h/d"
    )


def test_a_secret_file_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    assert "cannot be read" in refused(tmp_path, {"OPENAI_API_KEY_FILE": str(tmp_path / "none")})
    assert "is empty" in refused(tmp_path, {"OPENAI_API_KEY_FILE": str(empty)})
    both = refused(tmp_path, {"OPENAI_API_KEY_FILE": str(empty), "OPENAI_API_KEY": "k"})
    assert "both set" in both


def test_a_file_holds_the_same_settings(tmp_path: Path) -> None:
    (tmp_path / "k").write_text("s3cret")
    file = tmp_path / "h.yaml"
    file.write_text(
        "port: 5005\nworker: false\nhosts: [a, b]\ncache_disk_bytes: 2GiB\nmodel_aliases: {fast: gpt-4o-mini}\n"
        f"modules:\n  secretscan: {{enabled: false}}\napi_key_file: {tmp_path / 'k'}\n"
    )
    settings = load({"config": file}, environ={}, folder=tmp_path).settings
    assert (settings.port, settings.worker, settings.hosts) == (5005, False, ("a", "b"))
    assert settings.cache_disk_bytes == 2 * 2**30
    assert settings.modules == {"secretscan": {"enabled": False}}
    assert settings.api_key.reveal() == "s3cret"
    assert settings.config == str(file)


def test_an_unknown_key_in_a_file_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    file = tmp_path / "h.yaml"
    file.write_text("prot: 1\n")
    told = refused(tmp_path, {}, config=file)
    assert '"prot"' in told
    assert 'Did you mean "port"?' in told


@pytest.mark.parametrize("content", ["- a\n- b\n", "port: [", "port: !!python/object/apply:os.getcwd []\n"])
def test_a_file_that_is_no_mapping_or_no_plain_yaml_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "h.yaml"
    file.write_text(content)
    assert "settings file" in refused(tmp_path, {}, config=file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "--config" in refused(tmp_path, {"HEADGATE_CONFIG": str(tmp_path / "none.yaml")})


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "h.yaml"
    file.touch()
    assert load({"config": file}, environ={}, folder=tmp_path).settings.port == 4100
