"""Tables for people and JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text


def show_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str = "Nothing to show."
) -> None:
    """A table without colours of its own in the cells; `empty` when there are no rows."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # Text: a model's name is no markup
    if table.row_count:
        Console(soft_wrap=False).print(table)
    else:
        typer.echo(empty)


def usd(value: float | None) -> str:
    """Dollars for people; an unknown amount is a question mark."""
    return "?" if value is None else f"${value:.6f}".rstrip("0").rstrip(".") if value else "$0"
