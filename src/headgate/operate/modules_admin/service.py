"""What a tenant says of its modules: changed, undone, listed. Every change is a new version; none is ever lost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.caller import Caller
from headgate.call.module import Module, ModuleConfig
from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.service import Act
from headgate.kernel.clock import Clock, to_us
from headgate.kernel.errors import BadRequest, Conflict, NotFound
from headgate.kernel.ids import Ids
from headgate.kernel.pages import Page
from headgate.operate.modules_admin import queries
from headgate.store import versions

PART = "modules"  # of the plane
ENABLED = "enabled"
Kind = type[Module[Any]]
Fields = dict[str, Any]


class ModuleNotFound(NotFound):
    code = "module_not_found"


class NothingToUndo(Conflict):
    code = "nothing_to_undo"


class Catalog(Protocol):
    """The modules there are. The application hands it in: rooms do not know them."""

    @property
    def order(self) -> Sequence[Kind]: ...
    @property
    def server(self) -> Mapping[str, ModuleConfig]: ...
    def find(self, name: str) -> Kind | None: ...
    def own_names(self, kind: Kind, fields: Mapping[str, Any]) -> Fields: ...
    def config(self, kind: Kind, fields: Mapping[str, Any]) -> ModuleConfig: ...


@dataclass(frozen=True, slots=True)
class Setting:
    """What a tenant says of one module at one version. `enabled` and `config` None: as the server says."""

    name: str
    version: int = 0
    enabled: bool | None = None
    config: Fields | None = None
    restores: int | None = None
    changed_us: int | None = None
    changed_by: str = ""

    @property
    def fields(self) -> Fields:
        """Everything the tenant said, as fields of the config."""
        return (self.config or {}) | ({} if self.enabled is None else {ENABLED: self.enabled})

    @property
    def is_own(self) -> bool:
        return self.enabled is not None or self.config is not None


@dataclass(frozen=True, slots=True)
class Change:
    """What is to change of one module; None stays as it is."""

    enabled: bool | None = None
    config: Fields | None = None


@dataclass(frozen=True, slots=True)
class Acting:
    """Who changes something, and what that takes besides the database."""

    caller: Caller
    ids: Ids
    clock: Clock
    now_us: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "now_us", to_us(self.clock.now()))

    @property
    def actor(self) -> str:
        return self.caller.key_id or self.caller.user_id or self.caller.kind


def known(catalog: Catalog, name: str) -> Kind:
    """The module of this name or alias. Raises ModuleNotFound."""
    kind = catalog.find(name)
    if kind is None:
        raise ModuleNotFound(f"There is no module {name!r}.", name=name)
    return kind


async def load(db: AsyncConnection, tenant: str | None = None) -> dict[str, dict[str, Setting]]:
    """By tenant and module name what holds, of one tenant or of all. Tenants that say nothing are not there."""
    found: dict[str, dict[str, Setting]] = {}
    for row in await queries.newest(db, tenant):
        found.setdefault(row["tenant"], {})[row["name"]] = _setting(row)
    return found


async def settings_of(db: AsyncConnection, tenant: str) -> dict[str, Setting]:
    return (await load(db, tenant)).get(tenant, {})


async def change(db: AsyncConnection, acting: Acting, catalog: Catalog, kind: Kind, wish: Change) -> Setting:
    """Keep what the tenant now says of one module. Raises BadRequest when its config would not be usable."""
    before = await _locked(db, acting, kind.spec.name)
    after = _next(before, acting, catalog, kind, wish)
    await _keep(db, acting, after)
    await _tell(db, acting, "module.updated", before, after)
    return after


async def toggle(
    db: AsyncConnection, acting: Acting, catalog: Catalog, kinds: Sequence[Kind], *, enabled: bool
) -> list[Setting]:
    """Switch several modules. Those that are so already stay as they are; returns the others."""
    await _lock(db, acting)
    held = await settings_of(db, acting.caller.tenant)
    changed: list[tuple[Setting, Setting]] = []
    for kind in kinds:
        before = held.get(kind.spec.name, Setting(kind.spec.name))
        if catalog.config(kind, before.fields).enabled != enabled:
            after = _next(before, acting, catalog, kind, Change(enabled=enabled))
            await _keep(db, acting, after)
            changed.append((before, after))
    images = [
        {"module": after.name, "before": _image(before), "after": _image(after)} for before, after in changed
    ]
    if changed:
        act = _act(acting, "modules.toggled", target="bulk", detail={"enabled": enabled, "modules": images})
        await ledger.append(db, acting.caller.tenant, act)
    return [after for _, after in changed]


async def undo(db: AsyncConnection, acting: Acting, catalog: Catalog, kind: Kind) -> Setting:
    """Bring back what held before the last change that is not undone yet. Raises NothingToUndo."""
    name, tenant = kind.spec.name, acting.caller.tenant
    current = await _locked(db, acting, name)
    standing = current
    while standing.restores:  # an undo stands where the version it restored stood
        row = await queries.one(db, tenant, name, standing.restores)
        assert row is not None, "versions are never deleted"
        standing = _setting(row)
    if standing.version == 0 or standing.restores == 0:
        raise NothingToUndo(
            f"The module {name!r} is as the server says; there is nothing to undo.", name=name
        )
    row = await queries.one(db, tenant, name, standing.version - 1)
    source = Setting(name) if row is None else _setting(row)
    catalog.config(kind, source.fields)  # an old version may no longer fit
    after = Setting(
        name, current.version + 1, source.enabled, source.config, source.version, acting.now_us, acting.actor
    )
    await _keep(db, acting, after)
    await _tell(db, acting, "module.undone", current, after)
    return after


async def history(db: AsyncConnection, tenant: str, name: str, page: Page) -> tuple[list[Setting], int]:
    rows, total = await queries.history(db, tenant, name, page)
    return [_setting(row) for row in rows], total


def _next(before: Setting, acting: Acting, catalog: Catalog, kind: Kind, wish: Change) -> Setting:
    enabled = before.enabled if wish.enabled is None else wish.enabled
    own = before.config
    if wish.config is not None:
        given = catalog.own_names(kind, wish.config)
        if ENABLED in given and not isinstance(given[ENABLED], bool):
            raise BadRequest("config.enabled: must be true or false.", param="config.enabled")
        inner = given.pop(ENABLED, None)
        enabled = inner if wish.enabled is None and inner is not None else enabled
        own = given
    after = Setting(kind.spec.name, before.version + 1, enabled, own, None, acting.now_us, acting.actor)
    usable = catalog.config(kind, after.fields).model_dump(mode="json", exclude_unset=True)
    if own is not None:
        own = {name: usable[name] for name in own}
    return Setting(after.name, after.version, enabled, own, None, after.changed_us, after.changed_by)


async def _lock(db: AsyncConnection, acting: Acting) -> None:
    """From here on to the end of the transaction nobody else changes modules of this tenant."""
    await versions.bump(db, PART, acting.caller.tenant, now_us=acting.now_us)


async def _locked(db: AsyncConnection, acting: Acting, name: str) -> Setting:
    await _lock(db, acting)
    return (await settings_of(db, acting.caller.tenant)).get(name, Setting(name))


async def _keep(db: AsyncConnection, acting: Acting, setting: Setting) -> None:
    config = (
        None if setting.config is None else json.dumps(setting.config, ensure_ascii=False, sort_keys=True)
    )
    await queries.add(db, {
        "tenant": acting.caller.tenant, "name": setting.name, "version": setting.version, "enabled": setting.enabled,
        "config": config, "restores": setting.restores, "changed_us": setting.changed_us, "changed_by": setting.changed_by,
    })  # fmt: skip


async def _tell(db: AsyncConnection, acting: Acting, kind: str, before: Setting, after: Setting) -> None:
    detail = {
        "module": after.name,
        "version": after.version,
        "before": _image(before),
        "after": _image(after),
    }
    await ledger.append(db, acting.caller.tenant, _act(acting, kind, target=after.name, detail=detail))


def _act(acting: Acting, kind: str, *, target: str, detail: Fields) -> Act:
    return Act.now(acting.ids, acting.clock, kind=kind, actor=acting.actor, target=target, detail=detail)


def _image(setting: Setting) -> Fields:
    return {"version": setting.version, "enabled": setting.enabled, "config": setting.config}


def _setting(row: Any) -> Setting:
    config = None if row["config"] is None else json.loads(row["config"])
    return Setting(
        row["name"],
        row["version"],
        row["enabled"],
        config,
        row["restores"],
        row["changed_us"],
        row["changed_by"],
    )
