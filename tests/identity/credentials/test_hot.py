"""`cred:<id>` gives the secret to its own tenant only, and anything else is what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.identity.credentials.hot import PURPOSE, CredentialBook, UnknownCredential, place
from headgate.store.sealing import CannotOpen, Sealer


def test_a_reference_is_resolved_for_its_tenant_only(tmp_path: Path) -> None:
    sealer = Sealer(tmp_path, PURPOSE)
    book = CredentialBook(sealer)
    book.put("ten_a", {"c1": sealer.seal(b"secret", place("ten_a", "c1"))})

    assert book.resolve("ten_a", "cred:c1") == "secret"
    assert book.resolve("ten_a", "plain value") == "plain value"
    for tenant, value in (("ten_b", "cred:c1"), ("ten_a", "cred:c2"), ("ten_a", "cred:")):
        with pytest.raises(UnknownCredential):
            book.resolve(tenant, value)


def test_a_secret_that_was_moved_to_another_row_does_not_open(tmp_path: Path) -> None:
    sealer = Sealer(tmp_path, PURPOSE)
    book = CredentialBook(sealer)
    book.put("ten_a", {"c1": sealer.seal(b"secret", place("ten_b", "c1"))})

    with pytest.raises(CannotOpen):
        book.resolve("ten_a", "cred:c1")
