"""What the server knows about itself: provider, database, disk, and the live counters of its parts."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from headgate.call.caller import Caller
from headgate.kernel import json
from headgate.kernel.pages import Page
from headgate.operate.system import queries
from headgate.record.runs import service as runs
from headgate.record.runs.hot import Recorder
from headgate.record.runs.service import Look, RunFilter
from headgate.rim.context import Services
from headgate.store.engine import Database

# In `Services.hot`, each with `stats()`: the name there, and in the answers.
PARTS = {
    "recorder": "record",
    "cache": "cache",
    "client": "upstream",
    "loop": "loop",
    "worker": "worker",
    "fast": "fast",
}
DATABASE_DEADLINE_S = 2.0
DATABASE_TROUBLE = (SQLAlchemyError, OSError, TimeoutError)
LAST_RUNS = 8


def provider_name(settings: Any) -> str:
    """Who answers calls: as set, else the real one as soon as a key or an address is there, else the mock."""
    if settings.provider:
        return str(settings.provider)
    return "openai" if settings.openai_api_key or settings.openai_base_url else "mock"


def part_stats(services: Services) -> dict[str, dict[str, Any]]:
    """The live counters of each part that runs, by the name that answers use."""
    return {
        name: stats_dict(services.hot[part].stats())
        for part, name in PARTS.items()
        if hasattr(services.hot.get(part), "stats")
    }


def stats_dict(stats: object) -> dict[str, Any]:
    """Counters as a plain dict, whatever kind of value they came as."""
    if isinstance(stats, Mapping):
        return dict(cast("Mapping[str, Any]", stats))
    if isinstance(stats, msgspec.Struct):
        return msgspec.structs.asdict(stats)
    if isinstance(stats, tuple):
        return cast(Any, stats)._asdict()
    return dataclasses.asdict(cast(Any, stats))


def numbers(stats: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Every number in `stats`, nested ones under joined names."""
    for name, value in stats.items():
        if isinstance(value, bool | int | float):
            yield f"{prefix}{name}", float(value)
        elif isinstance(value, Mapping):
            yield from numbers(cast("Mapping[str, Any]", value), f"{prefix}{name}_")


def camel(stats: Mapping[str, Any]) -> dict[str, Any]:
    """The names as the wire spells them."""
    made: dict[str, Any] = {}
    for name, value in stats.items():
        made[_camel_name(name)] = (
            camel(cast("Mapping[str, Any]", value)) if isinstance(value, Mapping) else value
        )
    return made


async def database_state(database: Database) -> dict[str, Any]:
    """Does the database answer, and if not, what kind of trouble is it. Says no address and no password."""
    state: dict[str, Any] = {
        "kind": "sqlite" if database.is_sqlite else "postgresql",
        "ok": True,
        "error": None,
    }
    try:
        async with asyncio.timeout(DATABASE_DEADLINE_S), database.reading() as db:
            await queries.ping(db)
    except DATABASE_TROUBLE as error:
        state |= {"ok": False, "error": type(error).__name__}
    return state


async def last_runs(services: Services, caller: Caller) -> list[dict[str, Any]] | None:
    """The latest runs as lists show them; None when the caller may not see any, or the database does not answer."""
    if not caller.may("runs:read"):
        return None
    recorder = cast(Recorder, services.recorder)
    try:
        async with asyncio.timeout(DATABASE_DEADLINE_S), services.database.reading() as db:
            lines, _, _ = await runs.listed(
                Look(db, caller, recorder, services.clock), RunFilter(), Page(LAST_RUNS)
            )
    except DATABASE_TROUBLE:
        return None
    return [json.decode(line) for line in lines]


async def disk_state(folder: Path) -> dict[str, int] | None:
    try:
        usage = await asyncio.to_thread(shutil.disk_usage, folder)
    except OSError:
        return None
    return {"freeBytes": usage.free, "totalBytes": usage.total}


def _camel_name(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
