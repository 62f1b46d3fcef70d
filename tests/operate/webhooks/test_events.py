"""The names of events: each has a sentence for the reference, and families are known by their beginning."""

from __future__ import annotations

import pytest

from headgate.operate.webhooks import events


def test_every_event_has_a_sentence_and_every_sentence_an_event() -> None:
    assert set(events.MEANINGS) == events.NAMES | set(events.FAMILIES)
    assert all(text.endswith(".") for text in events.MEANINGS.values())


def test_every_constant_is_a_known_name() -> None:
    constants = {
        value for name, value in vars(events).items() if name.isupper() and isinstance(value, str)
    } - {events.ALL_EVENTS}

    assert constants == events.NAMES


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("run.blocked", True),
        ("upgrade.drover_savings_100", True),
        ("*", False),
        ("run.block", False),
        ("", False),
    ],
)
def test_only_what_can_be_announced_is_known(name: str, known: bool) -> None:
    assert events.is_known(name) is known
