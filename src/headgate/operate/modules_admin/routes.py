"""`/api/proxy/modules` and `/api/proxy/chain`."""

from __future__ import annotations

from typing import Annotated, Any, Protocol, cast

from fastapi import Query

from headgate.kernel.clock import iso
from headgate.kernel.errors import BadRequest
from headgate.kernel.pages import MAX_LIMIT, Page, page_body
from headgate.operate.modules_admin import service
from headgate.operate.modules_admin.schemas import (
    Access,
    AccessQuery,
    BulkChange,
    BulkChanged,
    ChainView,
    ModuleChange,
    ModuleChanged,
    ModuleDetail,
    ModuleList,
    ModuleVersions,
)  # fmt: skip
from headgate.operate.modules_admin.service import PART, Acting, Change, Kind, Setting
from headgate.rim.context import Context, Reading, Writing
from headgate.rim.router import MAX_OFFSET, PageQuery, Router

router = Router("modules")


class Running(service.Catalog, Protocol):
    """The catalog, and what really runs."""

    def running(self, tenant: str, /) -> list[dict[str, Any]]: ...
    def access(self, tenant: str, asked: dict[str, str], /) -> dict[str, Any]: ...


@router.get("/api/proxy/modules", right="modules:read", response=ModuleList)
async def list_modules(
    ctx: Reading,
    category: Annotated[str | None, Query(description="Only those of this category.")] = None,
    enabled: Annotated[bool | None, Query(description="Only those that are on, or off.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = MAX_LIMIT,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET)] = 0,
) -> Any:
    """Every module with its switch and config, in the order in which they run. All of them on one page unless asked otherwise."""
    states = await _states(ctx)
    chosen = [
        state
        for state in states
        if (category is None or state["category"] == category)
        and (enabled is None or state["enabled"] == enabled)
    ]
    page = Page(limit, offset)
    rows = chosen[offset : offset + limit]
    on = sum(state["enabled"] for state in states)
    return {**page_body("modules", rows, page, len(chosen)), "count": len(rows), "enabled": on}


@router.get("/api/proxy/chain", right="modules:read", response=ChainView)
async def get_chain(ctx: Reading) -> Any:
    """What really runs for the next call of this tenant, in order: read from the compiled chain, not from the settings."""
    catalog = catalog_of(ctx)
    steps = catalog.running(ctx.tenant)
    return {"chain": steps, "chain_length": len(steps), "total_modules": len(catalog.order)}


@router.post("/api/proxy/modules/bulk", right="modules:write", response=BulkChanged)
async def toggle_modules(ctx: Writing, body: BulkChange) -> Any:
    """Switch several modules at once, by name or by category."""
    catalog = catalog_of(ctx)
    if not body.modules and body.category is None:
        raise BadRequest("Name `modules` or a `category`.", param="modules")
    kinds = [service.known(catalog, name) for name in dict.fromkeys(body.modules or ())]
    if body.category is not None:
        shelf = [kind for kind in catalog.order if kind.spec.category == body.category]
        if not shelf:
            raise BadRequest(f"There is no category {body.category!r}.", param="category")
        kinds += [kind for kind in shelf if kind not in kinds]
    changed = await service.toggle(ctx.db, _acting(ctx), catalog, kinds, enabled=body.enabled)
    ctx.changed(PART)
    return {
        "status": "updated", "affected": len(changed), "enabled": body.enabled, "modules": [each.name for each in changed],
    }  # fmt: skip


@router.get("/api/proxy/modules/{name}", right="modules:read", response=ModuleDetail)
async def get_module(ctx: Reading, name: str) -> Any:
    """One module by name or alias, with the JSON Schema of its config."""
    kind = service.known(catalog_of(ctx), name)
    settings = await service.settings_of(ctx.db, ctx.tenant)
    return _detail(ctx, kind, settings.get(kind.spec.name, Setting(kind.spec.name)))


@router.put("/api/proxy/modules/{name}", right="modules:write", response=ModuleChanged)
async def put_module(ctx: Writing, name: str, body: ModuleChange) -> Any:
    """Switch or configure one module. It holds from the next call on, in every process within a second."""
    catalog = catalog_of(ctx)
    kind = service.known(catalog, name)
    if body.enabled is None and body.config is None:
        raise BadRequest("Say `enabled` or `config`, or both.", param="enabled")
    setting = await service.change(ctx.db, _acting(ctx), catalog, kind, Change(body.enabled, body.config))
    ctx.changed(PART)
    warnings = (
        [] if body.priority is None else ["priority is not used: the phase of a module says when it runs"]
    )
    return {
        **_detail(ctx, kind, setting, changed=True),
        "status": "updated",
        "module": kind.spec.name,
        "warnings": warnings,
    }


@router.post("/api/proxy/modules/{name}/undo", right="modules:write", response=ModuleChanged)
async def undo_module(ctx: Writing, name: str) -> Any:
    """Bring back what held before the last change; again for the one before it, down to what the server says."""
    catalog = catalog_of(ctx)
    kind = service.known(catalog, name)
    setting = await service.undo(ctx.db, _acting(ctx), catalog, kind)
    ctx.changed(PART)
    return {**_detail(ctx, kind, setting, changed=True), "status": "undone", "module": kind.spec.name}


@router.get("/api/proxy/modules/{name}/versions", right="modules:read", response=ModuleVersions)
async def list_module_versions(ctx: Reading, name: str, page: PageQuery) -> Any:
    """Every change this tenant made to a module, newest first, with who made it."""
    kind = service.known(catalog_of(ctx), name)
    settings, total = await service.history(ctx.db, ctx.tenant, kind.spec.name, page)
    rows = [
        {
            "version": each.version, "enabled": each.enabled, "config": each.config, "restores": each.restores,
            "changed_at": iso(each.changed_us or 0), "changed_by": each.changed_by,
        }
        for each in settings
    ]  # fmt: skip
    return page_body("versions", rows, page, total)


@router.get("/api/proxy/access", right="modules:read", response=Access)
async def explain_access(ctx: Reading, asked: Annotated[AccessQuery, Query()]) -> Any:
    """May this key, user, app or project use that model? Nobody is asked; the running rules answer, with their reason."""
    return catalog_of(ctx).access(ctx.tenant, asked.model_dump())


def catalog_of(ctx: Context) -> Running:
    return cast(Running, ctx.services.hot["modules"])


def _acting(ctx: Context) -> Acting:
    return Acting(ctx.caller, ctx.ids, ctx.clock)


async def _states(ctx: Context) -> list[dict[str, Any]]:
    settings = await service.settings_of(ctx.db, ctx.tenant)
    live = {step["name"] for step in catalog_of(ctx).running(ctx.tenant)}
    return [
        _state(ctx, kind, settings.get(kind.spec.name, Setting(kind.spec.name)), live)
        for kind in catalog_of(ctx).order
    ]


def _detail(ctx: Context, kind: Kind, setting: Setting, *, changed: bool = False) -> dict[str, Any]:
    """`changed`: in this transaction; the chain is compiled after it, before the answer leaves."""
    live = None if changed else {step["name"] for step in catalog_of(ctx).running(ctx.tenant)}
    schema = kind.Config.model_json_schema(by_alias=False)
    return {**_state(ctx, kind, setting, live), "own": setting.config or {}, "config_schema": schema}


def _state(ctx: Context, kind: Kind, setting: Setting, live: set[str] | None) -> dict[str, Any]:
    catalog, spec = catalog_of(ctx), kind.spec
    problem: str | None = None
    try:
        config = catalog.config(kind, setting.fields)
    except BadRequest as error:  # written by another version of the program
        config, problem = catalog.server[spec.name], error.message
    place = list(catalog.order).index(kind) + 1
    shown = config.model_dump(mode="json", exclude={"enabled", *spec.server_only})
    return {
        "name": spec.name, "aliases": list(spec.aliases), "category": spec.category, "phase": spec.phase.name.lower(),
        "summary": spec.summary, "enabled": config.enabled, "config": shown,
        "priority": place, "order": place, "in_chain": config.enabled if live is None else spec.name in live,
        "on_break": str(spec.on_break), "source": "tenant" if setting.is_own else "server", "version": setting.version,
        "updated_at": None if setting.changed_us is None else iso(setting.changed_us), "problem": problem,
    }  # fmt: skip
