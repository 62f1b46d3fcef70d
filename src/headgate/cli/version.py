"""`headgate version`."""

from __future__ import annotations

import platform

import typer

from headgate import __version__


def add_to(app: typer.Typer) -> None:
    app.command("version", help="Print the version.")(version)


def version() -> None:
    typer.echo(
        f"headgate {__version__} (Python {platform.python_version()}, {platform.system()} {platform.machine()})"
    )
