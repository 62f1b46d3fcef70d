"""Working on the database directly."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from headgate.cli.session import operator, prepare, work
from headgate.config import Settings
from headgate.kernel.errors import NotFound
from headgate.store.engine import Database
from headgate.store.migrate import HEAD, current_revision


def test_the_first_command_makes_folder_and_tables(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    prepare(settings)
    assert current_revision(settings.main_db_url) == HEAD
    prepare(settings)


def test_the_operator_may_do_everything_in_the_tenant() -> None:
    caller = operator("ten_x")
    assert caller.tenant == "ten_x"
    assert caller.may("anything:admin")


def test_an_error_of_the_product_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def job(_: Database) -> None:
        raise NotFound("It is not there.")

    with pytest.raises(typer.Exit):
        work(Settings(data_dir=tmp_path / "data"), job)
    assert capsys.readouterr().err == "error: It is not there.\n"


def test_a_bug_is_not_swallowed(tmp_path: Path) -> None:
    async def job(_: Database) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work(Settings(data_dir=tmp_path / "data"), job)
