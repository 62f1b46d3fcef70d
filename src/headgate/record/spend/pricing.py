"""The operator's price book: rows with a date from which they hold. A row is followed by another, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.caller import DEFAULT_TENANT, Caller
from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.service import Act
from headgate.kernel import json
from headgate.kernel.clock import Clock, to_us
from headgate.kernel.errors import BadRequest, Forbidden, NotFound
from headgate.kernel.ids import Ids
from headgate.providers.own_prices import BadPrice, own_row
from headgate.providers.prices import OwnPrice
from headgate.record.spend import queries

PRICES = "prices"  # of the plane
MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class PriceDraft:
    """A price that somebody sets. `provider` "" is every one."""

    provider: str
    model: str
    price: Mapping[str, Any]
    effective_us: int
    note: str = ""


async def own_prices(db: AsyncConnection) -> list[OwnPrice]:
    """Every row that holds, for the price book."""
    return [
        OwnPrice(
            row["provider"], row["model"],
            own_row(row["model"], json.decode(row["price"].encode()), start_s=row["effective_us"] // 1_000_000),
        )
        for row in await queries.price_rows(db)
        if row["withdrawn_us"] is None
    ]  # fmt: skip


async def prices(db: AsyncConnection) -> Sequence[sa.RowMapping]:
    """All rows, withdrawn ones too, newest first."""
    return await queries.price_rows(db)


async def set_price(
    db: AsyncConnection, caller: Caller, draft: PriceDraft, ids: Ids, clock: Clock
) -> Mapping[str, Any]:
    """Set a price from a date on; its row. Raises BadRequest, naming the field."""
    _check_operator(caller)
    if not draft.model or len(draft.model) > MAX_NAME:
        raise BadRequest(f"`model` must be 1 to {MAX_NAME} characters.", param="model")
    try:
        own_row(draft.model, dict(draft.price))
    except BadPrice as error:
        raise BadRequest(f"{error}.", param="price") from None
    price_id = ids.new("prc")
    actor = caller.key_id or caller.kind
    row: dict[str, Any] = {
        "id": price_id, "provider": draft.provider, "model": draft.model, "effective_us": draft.effective_us,
        "price": json.encode(draft.price).decode(), "note": draft.note, "created_us": to_us(clock.now()), "created_by": actor,
        "withdrawn_us": None,
    }  # fmt: skip
    await queries.add_price(db, row)
    detail = {
        "provider": draft.provider,
        "model": draft.model,
        "price": dict(draft.price),
        "effectiveUs": draft.effective_us,
    }
    act = Act.now(ids, clock, kind="price.set", actor=actor, target=price_id, detail=detail)
    await ledger.append(db, caller.tenant, act)
    return row


async def withdraw_price(db: AsyncConnection, caller: Caller, price_id: str, ids: Ids, clock: Clock) -> None:
    """Take a row back. It stays in the list. Raises NotFound."""
    _check_operator(caller)
    if not await queries.withdraw_price(db, price_id, to_us(clock.now())):
        raise NotFound("This price does not exist, or was withdrawn before.")
    act = Act.now(ids, clock, kind="price.withdrawn", actor=caller.key_id or caller.kind, target=price_id)
    await ledger.append(db, caller.tenant, act)


def _check_operator(caller: Caller) -> None:
    """Prices hold for the whole gateway, so only those who run it may set them."""
    if caller.tenant != DEFAULT_TENANT:
        raise Forbidden("Prices hold for the whole gateway: only its own tenant may set them.")
