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
    found: list[Router] = [metrics_router(public=False)]
    for module in pkgutil.walk_packages(headgate.__path__, "headgate."):
        if module.name.endswith(".routes") and module.name not in NOT_ROOMS:
            found.append(importlib.import_module(module.name).router)
    return found
