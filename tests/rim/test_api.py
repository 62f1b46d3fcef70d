"""Putting the application together from settings."""

from __future__ import annotations

import pytest

from headgate.config import Settings
from headgate.rim.origins import origin_rules, words
from headgate.testing.house import House
from tests.rim.things import rooms


@pytest.mark.parametrize(("value", "parts"), [("a, b ,", ["a", "b"]), (("a", " b "), ["a", "b"]), ("", [])])
def test_a_list_setting_is_read_in_both_forms(value: str | tuple[str, ...], parts: list[str]) -> None:
    assert words(value) == parts


def test_the_origin_settings_become_rules() -> None:
    rules = origin_rules(Settings(hosts=("Gate.Example:4100",), cors_origins=("https://App.example/",)))
    assert rules.hosts == {b"gate.example"} and rules.allows(b"https://app.example")
    assert not rules.allows(b"https://other.example") and not rules.allows(b"")


async def test_redirects_of_slashes_and_docs_of_the_framework_are_off(house: House) -> None:
    client = house.client(rooms())
    for path in ("/api/v1/things/", "/docs", "/redoc"):
        assert (await client.get(path)).status_code == 404
