"""The book of settings: what was set holds for its tenant, all else has its default."""

from __future__ import annotations

import pytest

from headgate.identity.settings.hot import Quarantine, SettingsBook


def test_tenants_have_their_own() -> None:
    book = SettingsBook()
    book.put("ten_a", {"redaction": True, "memory_quarantine": {"enabled": True, "threshold": 2}})

    assert (book.get("ten_a", "redaction"), book.get("ten_b", "redaction")) == (True, False)
    assert (book.quarantine("ten_a"), book.quarantine("ten_b")) == (Quarantine(True, 2), Quarantine(False, 3))
    with pytest.raises(KeyError):
        book.get("ten_a", "colour")
