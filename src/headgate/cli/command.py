"""Chooses the command. Only the module of the one asked for is imported, so that `serve` starts fast."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import typer

COMMANDS = {
    "serve": ("serve", "Run the gateway, and beside it the worker for background jobs."),
    "worker": ("serve", "Run the worker alone."),
    "keys": ("keys", "Make, list and revoke keys."),
    "config": ("config", "Show or check the settings."),
    "import": ("importing", "Take over the config of LiteLLM or Portkey."),
    "runs": ("runs", "Look at the runs on record."),
    "doctor": ("doctor", "Say what is wrong and how to mend it."),
    "verify": ("verify", "Verify the hash chains of the record."),
    "version": ("version", "Print the version."),
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
        help=HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(lambda: None)  # one command alone must still be called by its name
    if arguments and arguments[0] in COMMANDS:
        importlib.import_module(f"headgate.cli.{COMMANDS[arguments[0]][0]}").add_to(app)
    else:  # help, or a word that is no command: the names are enough
        for name, (_, summary) in COMMANDS.items():
            app.command(name, help=summary)(lambda: None)
    return app


def main() -> None:
    """The entry point of the installed command."""
    build(sys.argv[1:])(prog_name="headgate")
