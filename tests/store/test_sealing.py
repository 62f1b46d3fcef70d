"""Sealed secrets: only the right key, purpose and row open them; after a rotation the old ones still open."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.store.sealing import CannotOpen, Sealer, add_key


def test_what_is_sealed_comes_back_and_never_looks_the_same(tmp_path: Path) -> None:
    sealer = Sealer(tmp_path, "settings")
    one, other = sealer.seal(b"secret", "row"), sealer.seal(b"secret", "row")

    assert sealer.open(one, "row") == Sealer(tmp_path, "settings").open(other, "row") == b"secret"
    assert one != other
    assert b"secret" not in one


def test_another_row_purpose_folder_or_byte_does_not_open(tmp_path: Path) -> None:
    sealer = Sealer(tmp_path / "a", "settings")
    sealed = sealer.seal(b"secret", "row")
    wrong = (
        (sealer, sealed, "other row"), (Sealer(tmp_path / "a", "providers"), sealed, "row"),
        (Sealer(tmp_path / "b", "settings"), sealed, "row"), (sealer, sealed[:-1] + bytes([sealed[-1] ^ 1]), "row"),
        (sealer, sealed[:10], "row"), (sealer, b"", "row"),
    )  # fmt: skip

    for opener, data, row in wrong:
        with pytest.raises(CannotOpen):
            opener.open(data, row)


def test_a_new_key_seals_and_the_old_one_still_opens(tmp_path: Path) -> None:
    old = Sealer(tmp_path, "settings").seal(b"secret", "row")
    path = add_key(tmp_path)
    sealer = Sealer(tmp_path, "settings")

    assert (path.name, path.stat().st_mode & 0o777) == ("secrets-2.key", 0o600)
    assert sealer.open(old, "row") == b"secret"
    assert not sealer.is_current(old)
    assert sealer.is_current(sealer.seal(b"secret", "row"))
    assert add_key(tmp_path).name == "secrets-3.key"


def test_a_running_process_opens_what_a_newer_key_sealed_and_renews_with_it(tmp_path: Path) -> None:
    running = Sealer(tmp_path, "settings")
    old = running.seal(b"secret", "row")
    add_key(tmp_path)
    newer = Sealer(tmp_path, "settings")

    assert running.open(newer.seal(b"fresh", "row"), "row") == b"fresh"
    renewed = running.renew(old, "row")
    assert (running.is_current(old), running.is_current(renewed), newer.is_current(renewed)) == (
        False,
        True,
        True,
    )
    assert newer.open(renewed, "row") == b"secret"
