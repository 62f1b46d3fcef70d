"""`/api/v1/settings`."""

from __future__ import annotations

from typing import Any

from headgate.govern.ledger.service import Author
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
    author = Author(ctx.caller, ctx.ids, ctx.clock)
    told = await service.change(ctx.db, author, body.key, body.value, data_dir)
    ctx.changed(service.PART)
    return {"settings": told}
