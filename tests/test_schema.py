"""The list of all tables is complete."""

from __future__ import annotations

import pkgutil

import headgate
from headgate.schema import TABLES, all_tables, tables_in


def test_the_tables_of_no_room_are_forgotten() -> None:
    names = {module.name for module in pkgutil.walk_packages(headgate.__path__, "headgate.")}
    rooms = {name for name in names if name.endswith(".tables")}
    assert rooms <= {module.__name__ for module in TABLES}
    assert set(all_tables().tables) == tables_in(TABLES)
