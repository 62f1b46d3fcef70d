"""`headgate import litellm config.yaml` and `headgate import portkey config.json`: another gateway's config as ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from headgate.cli.moving import litellm, portkey
from headgate.cli.moving.result import Move, Note, Unreadable
from headgate.cli.options import AsJson, fail
from headgate.cli.output import show_json, show_table
from headgate.config import ConfigError, load
from headgate.modules.settings import BadModuleConfig, configure
from headgate.providers.own_prices import BadPrice, own_row
from headgate.record.spend.capping import BadCap, from_settings

OUT = Path("headgate.yaml")
Source = Annotated[
    Path, typer.Argument(help="The other gateway's file.", exists=True, dir_okay=False, readable=True)
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Where the settings go.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only say what would be taken and what not; print the settings.")
]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="Take over the config of another gateway.", no_args_is_help=True)
    group.command("litellm", help="A LiteLLM proxy config (YAML).")(from_litellm)
    group.command("portkey", help="A Portkey config (JSON).")(from_portkey)
    app.add_typer(group, name="import")


def from_litellm(
    source: Source, out: Out = OUT, dry_run: DryRun = False, force: Force = False, json: AsJson = False
) -> None:
    _import(source, litellm.read, Way(out, dry_run, force, json))


def from_portkey(
    source: Source, out: Out = OUT, dry_run: DryRun = False, force: Force = False, json: AsJson = False
) -> None:
    _import(source, portkey.read, Way(out, dry_run, force, json))


@dataclass(frozen=True, slots=True)
class Way:
    """How the result is given."""

    out: Path
    dry_run: bool
    force: bool
    as_json: bool


def _import(source: Path, read: Callable[[Any], Move], way: Way) -> None:
    try:
        move = read(yaml.safe_load(source.read_text()))  # JSON is YAML
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        fail(f"{source}: neither YAML nor JSON: {' '.join(str(error).split())[:200]}")
    except Unreadable as error:
        fail(f"{source}: {error}")
    problems = check(move.settings)
    if problems:
        fail(f"the settings that came of it can't be used: {'; '.join(problems)}")
    text = settings_text(move, source)
    if not way.dry_run:
        if way.out.exists() and not way.force:
            fail(f"{way.out} is there already: choose another with --out, or write over it with --force")
        way.out.write_text(text)
    if way.as_json:
        show_json({
            "settings": move.settings, "taken": [note._asdict() for note in move.taken],
            "not_taken": [note._asdict() for note in move.left], "environment": move.environment,
            "written": None if way.dry_run else str(way.out),
        })  # fmt: skip
        return
    _tell(move, text, way)


def check(settings: dict[str, Any]) -> list[str]:
    """Why our own settings would not be accepted. Nothing is written that would not start."""
    try:
        loaded = load(dict(settings), environ={}, serving=False).settings
        configure(loaded)
        from_settings(loaded.projects, loaded.caps)
        for model, price in loaded.prices.items():
            own_row(model, price)
    except ConfigError as error:
        return error.problems
    except (BadModuleConfig, BadCap, BadPrice) as error:
        return [str(error)]
    return []


def settings_text(move: Move, source: Path) -> str:
    """The settings file, with what must be set beside it as comments."""
    lines = [f"# Taken over from {source.name}. Start with: headgate serve --config {OUT}"]
    if move.environment:
        lines.append("# Set these variables; values are never copied:")
        lines += [f"#   {name}  (from {where})" for name, where in sorted(move.environment.items())]
    body = yaml.safe_dump(move.settings, sort_keys=False, allow_unicode=True) if move.settings else ""
    return "\n".join(lines) + "\n" + body


def _tell(move: Move, text: str, way: Way) -> None:
    if way.dry_run:
        typer.echo(text)
    for title, notes in (("Taken", move.taken), ("Not taken", move.left)):
        typer.echo(f"{title}:")
        show_table(("where", "what"), [tuple(note) for note in _once(notes)], empty="  nothing")
        typer.echo("")
    if move.environment:
        typer.echo("Variables to set (their values are never copied):")
        show_table(("variable", "from"), sorted(move.environment.items()))
    if not way.dry_run:
        typer.echo(f"\nWritten to {way.out}. Try it: headgate config check --config {way.out}")


def _once(notes: list[Note]) -> list[Note]:
    return list(dict.fromkeys(notes))
