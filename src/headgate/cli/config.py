"""`headgate config show` and `headgate config check`."""

from __future__ import annotations

import dataclasses
from typing import Any

import typer

from headgate.cli.options import AsJson, ConfigFile, DataDir, load_or_exit
from headgate.cli.output import show_json, show_table
from headgate.config import ConfigError, Loaded, Settings, load
from headgate.config_values import shown, variable_of
from headgate.modules.settings import BadModuleConfig, configure
from headgate.record.spend.capping import BadCap, from_settings

DEFAULT = "default"


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="Show or check the settings.", no_args_is_help=True)
    group.command("show", help="Print every setting, its value (secrets masked) and where it comes from.")(
        show
    )
    group.command(
        "check", help="Check the settings; status 1 and the reasons when `serve` would refuse them."
    )(check)
    app.add_typer(group, name="config")


def show(
    data_dir: DataDir = None,
    config: ConfigFile = None,
    json: AsJson = False,
    changed: bool = typer.Option(False, "--changed", help="Only settings that are not at their default."),
) -> None:
    loaded = load_or_exit({"data_dir": data_dir, "config": config})
    rows = [row for row in _rows(loaded) if not (changed and row["from"] == DEFAULT)]
    if json:
        show_json({"settings": rows})
    else:
        show_table(("setting", "value", "from"), [(row["name"], row["value"], row["from"]) for row in rows])


def _rows(loaded: Loaded) -> list[dict[str, Any]]:
    return [
        {
            "name": field.name,
            "value": shown(field, getattr(loaded.settings, field.name)),
            "from": loaded.origins.get(field.name, DEFAULT),
            "variable": variable_of(field.name),
        }
        for field in dataclasses.fields(Settings)
    ]


def check(data_dir: DataDir = None, config: ConfigFile = None) -> None:
    problems: list[str] = []
    try:
        loaded = load({"data_dir": data_dir, "config": config}, serving=True)
        for warning in loaded.warnings:
            typer.echo(f"warning: {warning}", err=True)
        configure(loaded.settings)
        from_settings(loaded.settings.projects, loaded.settings.caps)
    except ConfigError as error:
        problems = error.problems
    except (BadModuleConfig, BadCap) as error:
        problems = [str(error)]
    for problem in problems:
        typer.echo(f"error: {problem}", err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo("The settings are good.")
