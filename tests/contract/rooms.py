"""Every router there is, found by its place: a room cannot be forgotten here."""

from __future__ import annotations

import importlib
import pkgutil

import headgate
from headgate.operate.system.routes import metrics_router
from headgate.rim.router import Router

NOT_ROOMS = {"headgate.rim.routes", "headgate.gateway.routes"}


def all_routers() -> list[Router]:
    """The `router` of each `routes.py`, and the one that is made by a setting."""
    names = [module.name for module in pkgutil.walk_packages(headgate.__path__, "headgate.")]
    rooms = [name for name in names if name.endswith(".routes") and name not in NOT_ROOMS]
    return [metrics_router(public=False), *(importlib.import_module(name).router for name in rooms)]
