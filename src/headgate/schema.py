"""Every table of every room in one metadata: what the first migration makes and what the schema test compares with."""

from __future__ import annotations

import importlib
import pkgutil

import sqlalchemy as sa

import headgate
from headgate.store.engine import metadata


def all_tables() -> sa.MetaData:
    """The metadata with the `tables.py` of every room imported."""
    for module in pkgutil.walk_packages(headgate.__path__, "headgate."):
        if module.name.endswith(".tables") or module.name == "headgate.store.versions":
            importlib.import_module(module.name)
    metadata.info["complete"] = True
    return metadata
