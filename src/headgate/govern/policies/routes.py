"""`/api/v1/policies`, what holds and what is odd about it, and `/api/trust/policies`, where policies are made and changed."""

from __future__ import annotations

from typing import Any, cast

from headgate.govern.ledger.service import Author
from headgate.govern.policies import content, service
from headgate.govern.policies.analysis import analyse
from headgate.govern.policies.hot import Loaded
from headgate.govern.policies.schemas import (
    PolicyChange,
    PolicyDone,
    PolicyList,
    TrustPolicies,
    TrustPolicy,
)
from headgate.govern.policies.service import PART, PolicyKeeper
from headgate.kernel import json
from headgate.kernel.pages import page_body
from headgate.rim.context import Context, Reading, Writing
from headgate.rim.router import PageQuery, Router

router = Router("policies")


def _keeper(ctx: Context) -> PolicyKeeper:
    return cast(PolicyKeeper, ctx.services.hot["policies"])


def _author(ctx: Context) -> Author:
    return Author(ctx.caller, ctx.ids, ctx.clock)


@router.get("/api/v1/policies", right="policies:read", response=PolicyList)
async def list_policies(ctx: Reading, page: PageQuery) -> Any:
    """Every policy that holds for this tenant: in files, made through the API, and guardrail rules. With what is odd
    about them, and the files that were refused."""
    keeper = _keeper(ctx)
    loaded = [*keeper.files.loaded(), *(await service.stored(ctx.db, ctx.tenant)).get(ctx.tenant, [])]
    shown = [_shown(each) for each in loaded] + await content.shown(ctx.db, ctx.tenant)
    odd = [{"kind": each.kind, "policy": each.policy, "text": each.text} for each in analyse(loaded)]
    body = page_body("policies", shown[page.offset : page.offset + page.limit], page, len(shown))
    refused = [{"file": name, "reason": why} for name, why in sorted(keeper.files.refused.items())]
    return {**body, "analysis": odd, "refusedFiles": refused}


def _shown(loaded: Loaded) -> dict[str, Any]:
    policy = json.decode(loaded.policy.model_dump_json())
    return {
        "id": loaded.id,
        "source": loaded.source,
        "enabled": loaded.enabled,
        "path": loaded.path or None,
        **policy,
    }


@router.get("/api/trust/policies", right="policies:read", response=TrustPolicies)
async def list_trust_policies(ctx: Reading, page: PageQuery) -> Any:
    """The policies made through the API."""
    own = (await service.stored(ctx.db, ctx.tenant)).get(ctx.tenant, [])
    shown = [_trust(each) for each in own] + await content.as_trust(ctx.db, ctx.tenant)
    part = shown[page.offset : page.offset + page.limit]
    return {"count": len(part), **page_body("policies", part, page, len(shown))}


def _trust(loaded: Loaded) -> dict[str, Any]:
    config = json.decode(loaded.policy.model_dump_json(exclude_defaults=True))
    return {
        "id": loaded.id, "name": loaded.policy.name, "type": "action", "config": config, "enabled": loaded.enabled,
        "action": None, "rules": config.get("rules", []),
    }  # fmt: skip


@router.post("/api/trust/policies", right="policies:admin", status=201, response=PolicyDone)
async def create_policy(ctx: Writing, body: TrustPolicy) -> Any:
    """Make a policy: one on actions (`rules` with `effect` and `actions`, as in files), or one on content
    (`action` block, redact, warn or log, and `rules` with `field` and `pattern`)."""
    if body.is_content:
        made = await content.create(ctx.db, _author(ctx), body)
        ctx.changed(content.PART)
        return {"status": "created", "id": made}
    loaded = await service.create(
        ctx.db, _author(ctx), service.read(body.as_policy()), enabled=body.enabled is not False
    )  # fmt: skip
    ctx.changed(PART)
    return {"status": "created", "id": loaded.id}


@router.get("/api/trust/policies/{id}", right="policies:read")
async def get_policy(ctx: Reading, id: str) -> Any:
    """One policy."""
    if content.is_content(id):
        return await content.one(ctx.db, ctx.tenant, id)
    return _trust(await service.find(ctx.db, ctx.tenant, id))


@router.put("/api/trust/policies/{id}", right="policies:admin", response=PolicyDone)
async def change_policy(ctx: Writing, id: str, body: PolicyChange) -> Any:
    """Replace a policy on actions, or switch any policy on or off."""
    if content.is_content(id):
        await content.change(ctx.db, _author(ctx), id, body)
        ctx.changed(content.PART)
    else:
        given = body.as_policy()
        before = await service.find(ctx.db, ctx.tenant, id)
        policy = service.read({"name": before.policy.name, **given}) if given else None
        await service.change(ctx.db, _author(ctx), id, policy, body.enabled)
        ctx.changed(PART)
    return {"status": "updated", "id": id}


@router.delete("/api/trust/policies/{id}", right="policies:admin", response=PolicyDone)
async def delete_policy(ctx: Writing, id: str) -> Any:
    """Remove a policy. The ledger keeps what it was."""
    if content.is_content(id):
        await content.remove(ctx.db, _author(ctx), id)
        ctx.changed(content.PART)
    else:
        await service.remove(ctx.db, _author(ctx), id)
        ctx.changed(PART)
    return {"status": "deleted", "id": id}
