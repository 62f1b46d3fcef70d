"""The `headgate` command. Only the module of the command that was asked for is imported, so that `serve` starts fast."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import typer

COMMANDS = {
    "serve": "headgate.cli.serve",
    "worker": "headgate.cli.serve",
    "keys": "headgate.cli.keys",
    "config": "headgate.cli.config",
    "runs": "headgate.cli.runs",
    "doctor": "headgate.cli.doctor",
    "verify": "headgate.cli.verify",
    "version": "headgate.cli.version",
}
HELP = """A self-hosted LLM gateway that learns from its traffic.

Start it, point an OpenAI client at it, and see what each call cost:

\b
  headgate serve
  curl localhost:4100/v1/chat/completions -d '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hi"}]}'
  headgate runs list
"""


def build(arguments: Sequence[str]) -> typer.Typer:
    """The command line application for these arguments."""
    app = typer.Typer(
        help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
    )
    app.callback()(lambda: None)  # one command alone must still be called by its name
    wanted = COMMANDS.get(arguments[0]) if arguments else None
    for module in dict.fromkeys([wanted] if wanted else COMMANDS.values()):
        importlib.import_module(module).add_to(app)
    return app


def main() -> None:
    """The entry point of the installed command."""
    build(sys.argv[1:])(prog_name="headgate")
