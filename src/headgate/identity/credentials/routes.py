"""`/api/v1/credentials`."""

from __future__ import annotations

from typing import Any

from headgate.identity.credentials import service
from headgate.identity.credentials.schemas import Credential, Credentials, Deleted, NewCredential
from headgate.kernel.pages import page_body
from headgate.rim.context import Context, Reading, Writing
from headgate.rim.router import PageQuery, Router

router = Router("credentials")


def _keeper(ctx: Context) -> service.Keeper:
    return service.Keeper(ctx.caller, service.sealer(ctx.services.settings.data_dir), ctx.ids, ctx.clock)


@router.get("/api/v1/credentials", right="credentials:read", response=Credentials)
async def list_credentials(ctx: Reading, page: PageQuery) -> Any:
    """What is kept, newest first. Values never come back."""
    rows, total = await service.listed(ctx.db, ctx.tenant, page)
    return page_body("credentials", rows, page, total)


@router.post("/api/v1/credentials", right="credentials:admin", status=201, response=Credential)
async def create_credential(ctx: Writing, body: NewCredential) -> Any:
    """Keep a secret, encrypted. Name it `cred:<id>` where a secret is asked for."""
    ctx.changed(service.PART)
    return await _keeper(ctx).add(ctx.db, body)


@router.delete("/api/v1/credentials/{id}", right="credentials:admin", response=Deleted)
async def delete_credential(ctx: Writing, id: str) -> Any:
    """Forget a secret. What names it cannot connect any more."""
    ctx.changed(service.PART)
    await _keeper(ctx).remove(ctx.db, id)
    return {"ok": True, "id": id}
