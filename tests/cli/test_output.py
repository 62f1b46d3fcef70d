"""Tables and amounts."""

from __future__ import annotations

import pytest

from headgate.cli.output import show_table, usd


def test_a_table_in_a_pipe_is_never_cut_off(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("id", "text"), [("x" * 300, "y" * 300), ("[red]", "")])
    told = capsys.readouterr().out
    assert "x" * 300 in told
    assert "y" * 300 in told
    assert "[red]" in told


def test_no_rows_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("id",), [], empty="None.")
    assert capsys.readouterr().out == "None.\n"


@pytest.mark.parametrize(
    ("amount", "text"), [(None, "?"), (0.0, "$0"), (0.0000354, "$0.000035"), (1.5, "$1.5"), (12.0, "$12")]
)
def test_amounts(amount: float | None, text: str) -> None:
    assert usd(amount) == text
