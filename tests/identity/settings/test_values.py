"""Each setting says what it is, and its default is a value that it takes."""

from __future__ import annotations

import pytest

from headgate.identity.settings.values import KINDS, Quarantine, quarantine_of


@pytest.mark.parametrize("key", KINDS)
def test_a_default_can_be_set(key: str) -> None:
    kind = KINDS[key]

    assert kind.read(kind.default) == kind.default
    assert kind.sentence.endswith(".")


def test_quarantine_of_what_was_never_set_is_off() -> None:
    assert quarantine_of(None) == Quarantine(False, 3)
