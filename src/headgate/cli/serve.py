"""`headgate serve` and `headgate worker`: read the settings, then hand over to the program itself."""

from __future__ import annotations

import dataclasses
import errno
import importlib
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from headgate.cli.options import ConfigFile, DataDir, fail, load_or_exit
from headgate.config import Settings
from headgate.config_values import rule_of, shown
from headgate.store.folder import DataFolderInUse

SERVE_HELP = """Run the gateway, and beside it the worker for background jobs.

Every option is also a setting: HEADGATE_PORT, HEADGATE_DATA_DIR, ... (`headgate config show` lists all of them).

\b
  headgate serve
  headgate serve --port 4200 --data-dir /srv/second     a second, separate instance
  OPENAI_API_KEY=sk-... headgate serve                   use OpenAI; without a key the built-in mock answers
  HEADGATE_API_KEY=secret headgate serve --host 0.0.0.0  protected mode: every call needs a key
"""
TYPES: Mapping[str, type] = {"str": str, "int": int, "bool": bool, "Path": Path}
WORKER_HELP = (
    "Run the worker for background jobs. `serve` starts it by itself; use this with `serve --no-worker`."
)


def add_to(app: typer.Typer) -> None:
    app.command("serve", help=SERVE_HELP)(_give_options(serve))
    app.command("worker", help=WORKER_HELP)(worker)


def serve(**options: Any) -> None:
    settings = load_or_exit(options, serving=True).settings
    raise typer.Exit(_run(settings))


def _give_options(command: Callable[..., None]) -> Callable[..., None]:
    """An option for each setting that has a flag, with the setting's own sentence."""
    parameters = [
        inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_option(field))
        for field in dataclasses.fields(Settings)
        if rule_of(field).flag
    ]
    setattr(command, "__signature__", inspect.Signature(parameters))  # noqa: B010 - functions declare no such attribute
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _option(field: dataclasses.Field[Any]) -> Any:
    default = shown(field, getattr(Settings(), field.name))
    text = rule_of(field).sentence + (f" [default: {default}]" if default else "")
    return Annotated[
        TYPES[str(field.type)] | None, typer.Option(rule_of(field).flag, help=text, show_default=False)
    ]


def _run(settings: Settings) -> int:
    """Hand over, and say what stands in the way in words."""
    program = importlib.import_module("headgate.app")  # heavy: everything there is
    migration = importlib.import_module("headgate.store.migrate")
    try:
        return int(program.serve(settings))
    except DataFolderInUse as error:
        fail(f"{error} Stop it, or choose another folder with --data-dir.")
    except migration.SchemaTooNew as error:
        fail(str(error))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            fail(
                f"Port {settings.port} on {settings.host} is taken. Choose another with --port; `headgate doctor` says by whom."
            )
        if error.errno == errno.EADDRNOTAVAIL:
            fail(f"This machine does not have the address {settings.host}. Choose another with --host.")
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            fail(
                f"{error.strerror}: {error.filename or f'port {settings.port}'}. `headgate doctor` says more."
            )
        raise


def worker(
    data_dir: DataDir = None,
    config: ConfigFile = None,
    parent_pipe: Annotated[int | None, typer.Option("--parent-pipe", hidden=True)] = None,
) -> None:
    settings = load_or_exit({"data_dir": data_dir, "config": config}).settings
    uvloop = importlib.import_module("uvloop")
    importlib.import_module("headgate.kernel.logging").configure(
        level=settings.log_level, json_lines=settings.log_json
    )
    program = importlib.import_module("headgate.worker")
    raise typer.Exit(int(uvloop.run(program.run(settings, parent_pipe=parent_pipe))))
