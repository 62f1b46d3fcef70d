"""Values of settings: what each kind understands and what it refuses."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from headgate.config import Settings
from headgate.config_values import BadValue, nearest, read_value, shown, size_text, without_password

FIELDS: dict[str, dataclasses.Field[Any]] = {field.name: field for field in dataclasses.fields(Settings)}


@pytest.mark.parametrize("name", list(FIELDS))
def test_every_default_reads_back_as_itself(name: str) -> None:
    value = getattr(Settings(), name)
    assert read_value(FIELDS[name], value) == value
    assert isinstance(shown(FIELDS[name], value), str)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("65536", 65536),
        ("64KiB", 65536),
        ("64kib", 65536),
        (" 1.5 MiB ", 1572864),
        ("2GB", 2 * 10**9),
        ("100000b", 100000),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert read_value(FIELDS["max_body_bytes"], text) == size


@pytest.mark.parametrize("text", ["", "64 megs", "-1", "MiB", "1e6", True, "12"])
def test_bad_sizes_are_refused(text: object) -> None:
    with pytest.raises(BadValue):
        read_value(FIELDS["max_body_bytes"], text)


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("TRUE", True), ("on", True), ("0", False), (False, False)]
)
def test_switches(text: object, value: bool) -> None:
    assert read_value(FIELDS["worker"], text) is value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("worker", "perhaps"), ("port", "70000"), ("port", "-1"), ("port", "4.5"), ("port", True), ("workers", "0"),
        ("connect_timeout_s", "five"), ("connect_timeout_s", "nan"), ("connect_timeout_s", "0"), ("log_level", "loud"),
        ("signup", "maybe"), ("provider", "acme"), ("prices", "[1]"), ("prices", "{"), ("host", ["a"]), ("data_dir", ""),
        ("openai_base_url", "ftp://x"), ("valkey_url", "http://x"), ("rate_limit_rpm", "-5"), ("retention_days", "-1"),
    ],
)  # fmt: skip
def test_bad_values_are_refused_with_what_would_be_right(name: str, text: object) -> None:
    with pytest.raises(BadValue) as caught:
        read_value(FIELDS[name], text)
    assert str(caught.value)


def test_lists_come_from_commas_and_from_yaml() -> None:
    assert read_value(FIELDS["hosts"], "a, b,,c ") == ("a", "b", "c")
    assert read_value(FIELDS["hosts"], ["a", "b"]) == ("a", "b")


def test_a_folder_may_begin_with_the_home_folder() -> None:
    assert read_value(FIELDS["data_dir"], "~/x") == Path.home() / "x"


def test_passwords_in_addresses_are_masked() -> None:
    assert "pw" not in without_password("postgresql://me:pw@host/db")
    assert without_password("http://host:8080/path") == "http://host:8080/path"
    assert "p@w" not in without_password("http://me:p@w@proxy:1")


def test_sizes_are_shown_in_the_largest_whole_unit() -> None:
    assert [size_text(size) for size in (0, 1000, 65536, 2**26, 2**32)] == [
        "0",
        "1000",
        "64KiB",
        "64MiB",
        "4GiB",
    ]


def test_the_nearest_name_is_found_or_none() -> None:
    assert nearest("HEADGATE_PROT", ["HEADGATE_PORT", "HEADGATE_HOST"]) == "HEADGATE_PORT"
    assert nearest("ZZZ", ["HEADGATE_PORT"]) is None
