"""Policies: listed with those in files, made and changed through the API, read again when a file changes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.ledger.service import Author
from headgate.govern.policies import queries
from headgate.govern.policies.analysis import analyse as analyse  # noqa: PLC0414 given on
from headgate.govern.policies.files import PolicyFiles
from headgate.govern.policies.hot import Loaded, PolicyBook
from headgate.govern.policies.schemas import Policy
from headgate.kernel import json
from headgate.kernel.errors import BadRequest, Conflict, NotFound
from headgate.kernel.logging import get_log
from headgate.store.engine import Database

log = get_log("policies")

PART = "policies"  # of the plane
MAX_POLICIES = 1000
ACTION = "action"  # the kind of policies on actions
LOOK_S = 1.0  # how often the folder of files is looked at


class NoSuchPolicy(NotFound):
    """No such policy of this tenant. Those in files are changed in their files."""


class NameTaken(Conflict):
    code = "policy_exists"


def loaded_of(row: Any) -> Loaded:
    return Loaded(Policy.model_validate_json(row.document), "api", row.id, bool(row.enabled))


async def stored(db: AsyncConnection, tenant: str | None = None) -> dict[str, list[Loaded]]:
    """The policies made through the API, by tenant."""
    found: dict[str, list[Loaded]] = {}
    for row in await queries.every(db, tenant, ACTION):
        found.setdefault(row.tenant, []).append(loaded_of(row))
    return found


async def find(db: AsyncConnection, tenant: str, policy_id: str) -> Loaded:
    row = await queries.one(db, tenant, policy_id)
    if row is None or row.kind != ACTION:
        raise NoSuchPolicy(f"There is no policy {policy_id!r} that can be changed here.", id=policy_id)
    return loaded_of(row)


def read(fields: Mapping[str, Any]) -> Policy:
    """A policy from JSON. Raises BadRequest that names the field."""
    try:
        return Policy.model_validate(fields)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"]) or "policy"
        raise BadRequest(f"{where}: {problem['msg'].removeprefix('Value error, ')}.", param=where) from None


async def create(db: AsyncConnection, author: Author, policy: Policy, *, enabled: bool = True) -> Loaded:
    """Make a policy. It decides from the next call on. Raises NameTaken or BadRequest."""
    tenant = author.tenant
    if await queries.count(db, tenant) >= MAX_POLICIES:
        raise BadRequest(f"A tenant has at most {MAX_POLICIES} policies.", param="name")
    now_us, policy_id = author.now_us, author.ids.new("pol")
    row = {
        "tenant": tenant, "id": policy_id, "name": policy.name, "kind": ACTION, "document": _text(policy), "enabled": enabled,
        "revision": 1, "created_us": now_us, "updated_us": now_us,
    }  # fmt: skip
    try:
        await queries.add(db, row)
    except IntegrityError:
        raise NameTaken(f"There is a policy {policy.name!r} already.", param="name") from None
    made = Loaded(policy, "api", policy_id, enabled)
    await _tell(db, author, "policy.created", None, made)
    return made


async def change(
    db: AsyncConnection, author: Author, policy_id: str, policy: Policy | None, enabled: bool | None
) -> Loaded:
    """Replace a policy, or switch it on or off."""
    tenant = author.tenant
    before = await find(db, tenant, policy_id)
    after = Loaded(
        policy or before.policy, "api", policy_id, before.enabled if enabled is None else enabled
    )  # fmt: skip
    values = {
        "name": after.policy.name, "document": _text(after.policy), "enabled": after.enabled, "updated_us": author.now_us,
    }  # fmt: skip
    try:
        await queries.change(db, tenant, policy_id, values)
    except IntegrityError:
        raise NameTaken(f"There is a policy {after.policy.name!r} already.", param="name") from None
    await _tell(db, author, "policy.updated", before, after)
    return after


async def remove(db: AsyncConnection, author: Author, policy_id: str) -> None:
    before = await find(db, author.tenant, policy_id)
    await queries.remove(db, author.tenant, policy_id)
    await _tell(db, author, "policy.deleted", before, None)


def _text(policy: Policy) -> str:
    return policy.model_dump_json(exclude_defaults=True)


async def _tell(
    db: AsyncConnection, author: Author, kind: str, before: Loaded | None, after: Loaded | None
) -> None:
    one = after or before
    assert one is not None
    detail = {
        "before": None if before is None else json.decode(_text(before.policy)) | {"enabled": before.enabled},
        "after": None if after is None else json.decode(_text(after.policy)) | {"enabled": after.enabled},
    }
    await author.tell(db, kind, one.policy.name, detail=detail)


class PolicyKeeper:
    """Keeps the book of policies: files for every tenant, and each tenant's own."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.book = PolicyBook()
        self.files = PolicyFiles(folder)
        self._database = database

    async def load(self) -> None:
        """Read everything, at start."""
        await asyncio.to_thread(self.files.read)
        async with self._database.reading() as db:
            own = await stored(db)
        self.book.fill(self.files.loaded(), own)

    async def build(self, _plane: object, tenant: str) -> dict[str, Any]:
        """The builder of the plane's part: a tenant's own policies are read again."""
        async with self._database.reading() as db:
            own = await stored(db, tenant)
        self.book.put(tenant, own.get(tenant, []))
        return {}

    async def look(self, *, again: bool = False) -> bool:
        """Look whether files have changed; those that are good decide from now on."""
        if again:
            self.files.forget()
        changed = await asyncio.to_thread(self.files.read)
        if changed:
            self.book.put_files(self.files.loaded())
            log.info("policies.reloaded", files=len(self.files.good), refused=len(self.files.refused))
        return changed

    async def watch(self, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Look at the files for ever. What is refused is said once."""
        told: dict[str, str] = {}
        while True:
            for name, why in self.files.refused.items():
                if told.get(name) != why:
                    log.error("policies.file_refused", file=name, reason=why)
            told = dict(self.files.refused)
            await pause(LOOK_S)
            await self.look()
