"""Tables for people and JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPE_WIDTH = 10_000  # into a file or a pipe nothing is cut off
LONGEST = 60  # of a cell that may be cut off on a terminal


def show_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def show_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str = "Nothing to show."
) -> None:
    """A table whose last column may be cut off on a terminal; ids never are. `empty` when there are no rows."""
    if not rows:
        typer.echo(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        widest = max(len(row[index]) for row in rows)
        is_last = index == len(columns) - 1
        table.add_column(column, no_wrap=True, min_width=None if is_last else min(widest, LONGEST))
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # Text: a model's name is no markup
    console = Console()
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    console.print(table)


def usd(value: float | None) -> str:
    """Dollars for people; an unknown amount is a question mark."""
    return "?" if value is None else f"${value:.6f}".rstrip("0").rstrip(".") if value else "$0"
