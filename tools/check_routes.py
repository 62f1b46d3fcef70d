"""Every route of the built application declares a right, every room's routes are in it, and no two answer the same."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
import re
import sys
import tempfile
from pathlib import Path

import headgate
from headgate.config import Settings
from headgate.control import routers
from headgate.rim.api import build_api
from headgate.rim.router import PUBLIC, Router
from headgate.rim.routes import RightMissing, RouteFacts, enumerate_routes
from headgate.store.engine import Database
from headgate.testing.clock import FixedClock
from headgate.testing.house import House
from tools.sources import report

RIGHT = re.compile(r"[a-z][a-z_]*:[a-z]+")


async def built_routes(folder: Path) -> list[RouteFacts]:
    """The routes of the application as `serve` builds it. Raises RightMissing."""
    settings = Settings(data_dir=folder)
    house = House(Database(f"sqlite:///{folder}/headgate.db"), FixedClock(), settings)
    app = build_api(house.services, routers(settings), lambda: house.door)
    return enumerate_routes(app)


def forgotten_rooms() -> list[str]:
    """Rooms with a `routes.py` whose router is not in the application."""
    here = {id(router) for router in routers(Settings())}
    wrong: list[str] = []
    for module in pkgutil.walk_packages(headgate.__path__, "headgate."):
        if module.name.endswith(".routes"):
            router = getattr(importlib.import_module(module.name), "router", None)
            if isinstance(router, Router) and id(router) not in here:
                wrong.append(f"{module.name}: its router is not in control.routers()")
    return wrong


def faults_of(routes: list[RouteFacts]) -> list[str]:
    wrong = [
        f"{route.method} {route.path}: the right {route.right!r} is not an `area:verb`"
        for route in routes
        if route.right != PUBLIC and RIGHT.fullmatch(route.right) is None
    ]
    seen: set[tuple[str, str]] = set()
    for route in routes:
        place = (route.method, re.sub(r"{[^}]*}", "{}", route.path))
        if place in seen:
            wrong.append(f"{route.method} {route.path}: routed twice")
        seen.add(place)
    return wrong


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        try:
            routes = asyncio.run(built_routes(Path(folder)))
        except RightMissing as error:
            return report("check_routes", [str(error)], 0)
    return report("check_routes", faults_of(routes) + forgotten_rooms(), len(routes))


if __name__ == "__main__":
    sys.exit(main())
