"""`/api/v1/keys` and, in the shape of the prompt registry, `/api/v1/api-keys`. Both act on the same keys."""

from __future__ import annotations

from typing import Any

from headgate.identity.keys import service
from headgate.identity.keys.schemas import (
    ApiKeyFound,
    ApiKeyList,
    ApiKeyMade,
    Key,
    KeyList,
    MintedKey,
    NewApiKey,
    NewKey,
)
from headgate.identity.keys.service import (
    ENVIRONMENT_KINDS,
    KeyDraft,
    Minting,
    StoredKey,
)
from headgate.kernel.clock import iso
from headgate.kernel.pages import page_body
from headgate.rim.context import Context, Reading, Writing
from headgate.rim.router import PageQuery, Router

router = Router("keys")


@router.post("/api/v1/keys", right="keys:admin", status=201, response=MintedKey)
async def create_key(ctx: Writing, body: NewKey) -> Any:
    """Make a key for this tenant. The token is shown this once."""
    draft = KeyDraft(
        "pk", ctx.tenant, body.name, body.mode, body.appId or ctx.caller.app_pin,
        rights=frozenset({"*"}) if body.admin else None, expires_us=service.expiry(body.expiresAt, ctx.clock),
    )  # fmt: skip
    key, token = await service.mint(ctx.db, ctx.caller, draft, minting(ctx))
    ctx.changed("keys")
    return {**key_body(key), "token": token}


@router.get("/api/v1/keys", right="keys:admin", response=KeyList)
async def list_keys(ctx: Reading, page: PageQuery) -> Any:
    """Every key of this tenant, newest first, revoked ones too."""
    keys, total = await service.listed(ctx.db, ctx.tenant, page)
    return page_body("keys", [key_body(key) for key in keys], page, total)


@router.post("/api/v1/keys/{id}/revoke", right="keys:admin", response=Key)
async def revoke_key(ctx: Writing, id: str) -> Any:
    """End a key. It stays in the list, and is refused from the next call on."""
    key = await service.revoke(ctx.db, ctx.caller, id, ids=ctx.ids, clock=ctx.clock)
    ctx.changed("keys")
    return key_body(key)


@router.get("/api/v1/api-keys", right="keys:admin", response=ApiKeyList)
async def list_api_keys(ctx: Reading, page: PageQuery) -> Any:
    """The environment keys of this project: the prefix only, never the full key."""
    keys, total = await service.listed(ctx.db, ctx.tenant, page, kinds=ENVIRONMENT_KINDS)
    return page_body("data", [api_key_body(key) for key in keys], page, total)


@router.post("/api/v1/api-keys", right="keys:admin", status=201, response=ApiKeyMade)
async def create_api_key(ctx: Writing, body: NewApiKey) -> Any:
    """Make a key for one environment of this project. It has the rights of the key that makes it."""
    draft = KeyDraft(
        "po_live", ctx.tenant, body.label, app_pin=ctx.caller.app_pin, environment=body.environment, rights=ctx.caller.rights,
        expires_us=service.expiry(body.expiresAt, ctx.clock),
    )  # fmt: skip
    key, token = await service.mint(ctx.db, ctx.caller, draft, minting(ctx))
    ctx.changed("keys")
    return {"data": {**api_key_body(key), "fullKey": token}}


@router.delete("/api/v1/api-keys/{id}", right="keys:admin", response=ApiKeyFound)
async def delete_api_key(ctx: Writing, id: str) -> Any:
    """Revoke an environment key. It stays in the list with its `revokedAt`."""
    await service.find(ctx.db, ctx.caller, id, kinds=ENVIRONMENT_KINDS)
    key = await service.revoke(ctx.db, ctx.caller, id, ids=ctx.ids, clock=ctx.clock)
    ctx.changed("keys")
    return {"data": api_key_body(key)}


def minting(ctx: Context) -> Minting:
    return Minting(service.pepper_of(ctx.services.settings.data_dir), ctx.ids, ctx.clock)


def key_body(key: StoredKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.label,
        "prefix": key.prefix,
        "kind": key.kind,
        "mode": key.mode,
        "appId": key.app_pin,
        "admin": "*" in key.rights,
        "environment": key.environment,
        "rights": sorted(key.rights),
        **_times(key),
    }


def api_key_body(key: StoredKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "keyPrefix": key.prefix,
        "environment": key.environment,
        "label": key.label,
        **_times(key),
    }


def _times(key: StoredKey) -> dict[str, str | None]:
    times = {
        "createdAt": key.created_us, "lastUsedAt": key.last_used_us, "expiresAt": key.expires_us, "revokedAt": key.revoked_us,
    }  # fmt: skip
    return {name: None if moment is None else iso(moment) for name, moment in times.items()}
