"""`/api/v1/settings`."""

from __future__ import annotations

from typing import Any

from headgate.identity.settings import service
from headgate.identity.settings.schemas import NewValue, Settings
from headgate.rim.context import Reading, Writing
from headgate.rim.router import Router

router = Router("settings")


@router.get("/api/v1/settings", right="settings:read", response=Settings)
async def get_settings(ctx: Reading) -> Any:
    """Every setting of this tenant, with its default where nothing was set."""
    return {"settings": await service.values(ctx.db, ctx.tenant)}


@router.put("/api/v1/settings", right="settings:admin", response=Settings)
async def put_setting(ctx: Writing, body: NewValue) -> Any:
    """Set one setting. It holds from the next call on and is in the ledger."""
    data_dir = ctx.services.settings.data_dir
    told = await service.change(
        ctx.db, ctx.caller, body.key, body.value, data_dir, ids=ctx.ids, clock=ctx.clock
    )
    ctx.changed(service.PART)
    return {"settings": told}
