"""The `headgate` command: one file for each of its words, and `command.py` that chooses among them."""

from headgate.cli.command import main

__all__ = ["main"]
