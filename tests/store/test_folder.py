"""The data folder: for its owner only, one gateway at a time."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from headgate.store.folder import DataFolderInUse, FolderLock, is_in_use, prepare_folder


def test_the_folder_and_its_parts_are_for_their_owner_only(tmp_path: Path) -> None:
    data = tmp_path / "data"
    prepare_folder(data)
    for folder in (data, data / "spool", data / "keys", data / "run"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_one_gateway_at_a_time(tmp_path: Path) -> None:
    assert not is_in_use(tmp_path)
    with FolderLock(tmp_path):
        assert is_in_use(tmp_path)
        with pytest.raises(DataFolderInUse, match="Another gateway"), FolderLock(tmp_path):
            pass
        assert is_in_use(tmp_path)
    assert not is_in_use(tmp_path)
