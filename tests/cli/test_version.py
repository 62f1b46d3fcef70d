"""`headgate version`."""

from __future__ import annotations

from headgate import __version__
from tests.cli.conftest import Run


def test_it_prints_the_version(run: Run) -> None:
    assert run("version").out.startswith(f"headgate {__version__} ")
