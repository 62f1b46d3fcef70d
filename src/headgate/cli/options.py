"""What all commands share: the options that choose an instance, loading the settings, and how errors are told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from headgate.config import ConfigError, Loaded, Settings, load

FOLDER_HELP = "Folder of the database, the spool and the keys. Also HEADGATE_DATA_DIR. [default: data]"
CONFIG_HELP = "YAML file with settings. Also HEADGATE_CONFIG."

DataDir = Annotated[Path | None, typer.Option("--data-dir", help=FOLDER_HELP, show_default=False)]
ConfigFile = Annotated[Path | None, typer.Option("--config", help=CONFIG_HELP, show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
TenantOption = Annotated[str, typer.Option("--tenant", help="Id of the project.")]


def load_or_exit(overrides: Mapping[str, object], *, serving: bool = False) -> Loaded:
    """The settings; prints warnings, or every problem and exits with status 2."""
    try:
        loaded = load(overrides, serving=serving)
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(f"error: {problem}", err=True)
        raise typer.Exit(2) from None
    for warning in loaded.warnings:
        typer.echo(f"warning: {warning}", err=True)
    return loaded


def settings_of(data_dir: Path | None, config: Path | None) -> Settings:
    """The settings of the instance that the options choose."""
    return load_or_exit({"data_dir": data_dir, "config": config}).settings


def fail(message: str) -> NoReturn:
    """End with a sentence and status 1."""
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(1)
