"""Secrets and personal data go, wherever they stand; hashes, ids and times stay."""

from __future__ import annotations

from hashlib import sha256

from headgate.govern.evidence.redacting import redacted

KEY = "sk-proj-" + "aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA"


def test_what_is_planted_anywhere_is_gone() -> None:
    told = str(redacted({
        "deep": [{"text": f"the key is {KEY}"}], "mail": "write to jane.doe@example.com please",
        "card": "4111 1111 1111 1111", "jane.doe@example.com": 1, "args": '{"token": "' + KEY + '"}',
    }))  # fmt: skip

    assert not any(each in told for each in (KEY, "jane.doe@example.com", "4111 1111"))
    assert "[redacted:" in told


def test_what_this_server_made_stays() -> None:
    fields = {
        "hash": sha256(b"x").hexdigest(), "id": "led_01JH2M8Y2C9W5T7Q3V6X8Z1A4B", "at": "2026-01-01T00:00:00.000000Z",
        "n": 5, "none": None, "flag": True, "list": [1.5],
    }  # fmt: skip
    assert redacted(fields) == fields
