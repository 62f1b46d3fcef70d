"""`/api/v1/projects`: a new tenant with its first key, and the tenant of the key that asks."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from headgate.identity.accounts import service
from headgate.identity.accounts.schemas import NewProject, ProjectCreated, ProjectFound
from headgate.identity.accounts.service import Tenant
from headgate.identity.keys import service as keys
from headgate.kernel.clock import iso
from headgate.rim.context import Reading, services_of, visitor_of
from headgate.rim.router import PUBLIC, Router
from headgate.store import versions

router = Router("projects")


@router.post("/api/v1/projects", right=PUBLIC, status=201, response=ProjectCreated)
async def create_project(request: Request, body: NewProject) -> Any:
    """Make a project (a tenant) and its first key, which may do everything in it and is shown this once.
    No key is needed in open mode, nor with HEADGATE_SIGNUP=open; else an admin of this server."""
    services = services_of(request)
    settings = services.settings
    service.check_signup(
        visitor_of(request),
        request.scope["headgate.refusal"],
        protected=settings.protected,
        signup=settings.signup,
    )
    async with services.database.writing() as db:
        tenant = await service.create_tenant(db, body.name, ids=services.ids, clock=services.clock)
        draft = keys.KeyDraft("po_live", tenant.id, "first key", environment="production")
        minting = keys.Minting(keys.pepper_of(settings.data_dir), services.ids, services.clock)
        _, token = await keys.mint(db, None, draft, minting)
        await versions.bump(db, "keys", tenant.id, now_us=tenant.created_us)
    await services.notices.changed("keys", tenant.id)
    return {"data": {"project": project_body(tenant), "apiKey": token}}


@router.get("/api/v1/projects/me", right="projects:read", response=ProjectFound)
async def my_project(ctx: Reading) -> Any:
    """The project of the key that asks."""
    tenant = await service.find_tenant(ctx.db, ctx.tenant)
    return {"data": {**project_body(tenant), "environment": ctx.caller.environment}}


def project_body(tenant: Tenant) -> dict[str, str]:
    return {"id": tenant.id, "name": tenant.name, "createdAt": iso(tenant.created_us)}
