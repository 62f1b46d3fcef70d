"""Every router of the application, and a look into the tree that none was forgotten."""

from __future__ import annotations

import pkgutil
from pathlib import Path

import headgate
from headgate.config import Settings
from headgate.control import routers
from headgate.rim.router import Router


def all_routers() -> list[Router]:
    """The routers in the order in which the application takes them."""
    return list(routers(Settings(data_dir=Path("unused"))))


def rooms_with_routes() -> set[str]:
    """The module names of all files called `routes.py`, but for the one of the rim, which has no routes of its own."""
    names = {module.name for module in pkgutil.walk_packages(headgate.__path__, "headgate.")}
    return {name for name in names if name.endswith(".routes")} - {"headgate.rim.routes"}
