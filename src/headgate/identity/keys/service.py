"""Keys: made, listed, revoked, and loaded into the door."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.caller import Caller, KeyKind, Mode
from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.service import Act
from headgate.identity.keys import queries
from headgate.identity.keys.hot import (
    Door,
    DoorRules,
    KeyEntry,
    KeyIndex,
    KeyUse,
    token_hash,
)
from headgate.identity.keys.rights import KIND_RIGHTS, covers, is_admin
from headgate.kernel.clock import Clock, parse_time, to_us
from headgate.kernel.errors import BadRequest, Forbidden, NotFound
from headgate.kernel.ids import Ids
from headgate.kernel.pages import Page
from headgate.operate.webhooks import events
from headgate.operate.webhooks import service as webhooks
from headgate.operate.webhooks.service import Announcement
from headgate.rim.origins import origin_rules
from headgate.store.engine import Database
from headgate.store.keyfiles import internal_token, read_or_make

Kind = Literal["pk", "sy", "sy_admin", "po_live"]
KINDS: tuple[Kind, ...] = ("pk", "sy", "sy_admin", "po_live")
ENVIRONMENT_KINDS: tuple[Kind, ...] = ("po_live",)
SHOWN = 4  # characters of the random part that stay readable
USE_FLUSH_S = 60.0

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE62_LENGTH = 43  # characters that 256 bits take


class KeyNotFound(NotFound):
    code = "key_not_found"


@dataclass(frozen=True, slots=True)
class Minting:
    """What making a key takes besides the database."""

    pepper: bytes = field(repr=False)
    ids: Ids
    clock: Clock


@dataclass(frozen=True, slots=True)
class KeyDraft:
    """A key that somebody asks for. `rights` None: those of its kind."""

    kind: Kind
    tenant: str
    label: str = ""
    mode: Mode = "optimize"
    app_pin: str | None = None
    environment: str | None = None
    rights: frozenset[str] | None = None
    expires_us: int | None = None


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as it is kept; the token itself is not."""

    id: str
    prefix: str
    kind: Kind
    tenant: str
    user_id: str | None
    rights: frozenset[str]
    mode: Mode
    app_pin: str | None
    environment: str | None
    label: str
    created_us: int
    last_used_us: int | None
    expires_us: int | None
    revoked_us: int | None


def pepper_of(data_dir: Path) -> bytes:
    """The server's secret under which keys are hashed. Without it no key is known any more: back it up."""
    return read_or_make(data_dir / "keys" / "pepper")


def new_token(kind: Kind) -> str:
    """A token with 256 random bits: `pk_` and 43 letters and digits."""
    number = int.from_bytes(os.urandom(32))
    digits: list[str] = []
    for _ in range(_BASE62_LENGTH):
        number, digit = divmod(number, 62)
        digits.append(_BASE62[digit])
    return f"{kind}_{''.join(digits)}"


def expiry(value: str | float | None, clock: Clock) -> int | None:
    """`expiresAt` of a request in microseconds. Raises BadRequest."""
    if value is None:
        return None
    try:
        moment = parse_time(str(value))
    except (ValueError, OverflowError):
        raise BadRequest(
            "expiresAt must be an ISO 8601 time or seconds since the epoch.", param="expiresAt"
        ) from None
    if not to_us(clock.now()) < moment < 2**62:
        raise BadRequest("expiresAt must lie in the future.", param="expiresAt")
    return moment


async def mint(
    db: AsyncConnection, caller: Caller | None, draft: KeyDraft, minting: Minting
) -> tuple[StoredKey, str]:
    """Make a key; gives it and its token. `caller` None: the server itself, for the first key of a new tenant.
    Raises Forbidden when the caller would hand on rights, or an app, that he does not have."""
    rights = KIND_RIGHTS[draft.kind] if draft.rights is None else draft.rights
    if caller is not None:
        _check_may_hand_on(caller, draft, rights)
    token = new_token(draft.kind)
    row: dict[str, Any] = {
        "id": minting.ids.new("key"),
        "hash": token_hash(minting.pepper, token.encode()),
        "prefix": token[: len(draft.kind) + 1 + SHOWN],
        "kind": draft.kind,
        "tenant": draft.tenant,
        "user_id": caller.user_id if caller else None,
        "rights": " ".join(sorted(rights)),
        "mode": draft.mode,
        "app_pin": draft.app_pin,
        "environment": draft.environment,
        "label": draft.label,
        "created_us": to_us(minting.clock.now()),
        "created_by": (caller.key_id or caller.kind) if caller else None,
        "last_used_us": None,
        "expires_us": draft.expires_us,
        "revoked_us": None,
    }
    await queries.add(db, row)
    key = _stored(row)
    actor = row["created_by"] or "signup"
    await _tell(
        db, key, Act.now(minting.ids, minting.clock, kind=events.KEY_CREATED, actor=actor, target=key.id)
    )
    return key, token


async def listed(
    db: AsyncConnection, tenant: str, page: Page, *, kinds: Sequence[Kind] = KINDS
) -> tuple[list[StoredKey], int]:
    """Keys of a tenant, newest first, revoked ones too; and how many there are."""
    rows, total = await queries.page(db, tenant, page, kinds=kinds)
    return [_stored(row) for row in rows], total


async def find(
    db: AsyncConnection, caller: Caller, key_id: str, *, kinds: Sequence[Kind] = KINDS
) -> StoredKey:
    """A key that the caller may see. Raises KeyNotFound."""
    row = await queries.one(db, caller.tenant, key_id)
    if row is None or row["kind"] not in kinds or (caller.app_pin and row["app_pin"] != caller.app_pin):
        raise KeyNotFound("This key does not exist.")
    return _stored(row)


async def revoke(db: AsyncConnection, caller: Caller, key_id: str, *, ids: Ids, clock: Clock) -> StoredKey:
    """End a key, softly and for good; ending it again changes nothing. Raises KeyNotFound."""
    key = await find(db, caller, key_id)
    if key.revoked_us is not None:
        return key
    now = to_us(clock.now())
    await queries.revoke(db, caller.tenant, key_id, now_us=now)
    ended = replace(key, revoked_us=now)
    actor = caller.key_id or caller.kind
    await _tell(db, ended, Act.now(ids, clock, kind=events.KEY_REVOKED, actor=actor, target=key.id))
    return ended


async def load_door(db: AsyncConnection, settings: Any, *, clock: Clock, use: KeyUse) -> Door:
    """The door with every key there is. Makes the pepper and the internal token when they are not there yet."""
    rules = DoorRules(
        protected=settings.protected,
        pepper=pepper_of(settings.data_dir),
        origins=origin_rules(settings),
        bootstrap=(settings.api_key or "").encode(),
        internal=read_or_make(settings.data_dir / "keys" / "internal.token", internal_token).strip(),
    )
    entries: dict[bytes, KeyEntry] = {}
    hashes: dict[str, list[bytes]] = {}
    for row in await queries.every(db):
        entries[row["hash"]] = _entry(row)
        hashes.setdefault(row["tenant"], []).append(row["hash"])
    return Door(rules, KeyIndex(entries, hashes), clock=clock, use=use)


async def reload_keys(db: AsyncConnection, door: Door, tenant: str) -> Door:
    """The door after a change of one tenant's keys."""
    keys = {row["hash"]: _entry(row) for row in await queries.every(db, tenant)}
    return door.with_index(door.index.with_tenant(tenant, keys))


async def flush_use(database: Database, use: KeyUse, clock: Clock) -> None:
    """Write which keys were used since the last time."""
    if key_ids := use.take():
        async with database.writing() as db:
            await queries.used(db, key_ids, now_us=to_us(clock.now()))


async def flush_use_forever(database: Database, use: KeyUse, clock: Clock) -> None:
    """`flush_use` once a minute; a background task of the gateway."""
    while True:
        await asyncio.sleep(USE_FLUSH_S)
        await flush_use(database, use, clock)


def _check_may_hand_on(caller: Caller, draft: KeyDraft, rights: frozenset[str]) -> None:
    if draft.tenant != caller.tenant:
        raise Forbidden("A key can only be made for one's own tenant.")
    if not covers(caller.rights, rights):
        raise Forbidden("This key may not hand on rights that it does not have itself.")
    if caller.app_pin is not None and draft.app_pin != caller.app_pin:
        raise Forbidden("A key that is pinned to an app can only make keys for the same app.")


async def _tell(db: AsyncConnection, key: StoredKey, act: Act) -> None:
    """Put a change of a key down in the ledger and announce it under the same number. The token is in neither."""
    detail = {
        "keyId": key.id, "prefix": key.prefix, "kind": key.kind, "name": key.label, "mode": key.mode,
        "appId": key.app_pin, "environment": key.environment, "admin": is_admin(key.rights),
    }  # fmt: skip
    event_id = f"evt_{act.id.partition('_')[2]}"
    await ledger.append(db, key.tenant, replace(act, detail=detail))
    await webhooks.announce(db, key.tenant, Announcement(event_id, act.at_us, act.kind, detail))


def _stored(row: Any) -> StoredKey:
    return StoredKey(
        row["id"], row["prefix"], row["kind"], row["tenant"], row["user_id"], frozenset(row["rights"].split()), row["mode"],
        row["app_pin"], row["environment"], row["label"], row["created_us"], row["last_used_us"], row["expires_us"],
        row["revoked_us"],
    )  # fmt: skip


def _entry(row: Any) -> KeyEntry:
    rights = frozenset(cast(str, row["rights"]).split())
    caller = Caller(
        row["tenant"], cast(KeyKind, row["kind"]), rights, row["mode"], row["id"], row["user_id"], row["app_pin"],
        row["environment"], is_admin(rights),
    )  # fmt: skip
    return KeyEntry(caller, row["expires_us"] or 0, row["revoked_us"] is not None)
