"""A worker's seat: nobody else's while it lives, its own again afterwards."""

from __future__ import annotations

from pathlib import Path

from headgate.operate.jobs.seat import Seat


def test_workers_of_one_folder_have_different_names_and_a_seat_left_is_taken_by_the_next(
    tmp_path: Path,
) -> None:
    first, second = Seat(tmp_path), Seat(tmp_path)
    names = {first.name, second.name}
    assert len(names) == 2
    left = first.name
    first.leave()
    again = Seat(tmp_path)
    assert again.name == left
    second.leave()
    again.leave()


def test_workers_of_two_folders_never_share_a_name(tmp_path: Path) -> None:
    assert Seat(tmp_path / "a").name != Seat(tmp_path / "b").name
