"""`/api/v1/spend/reconcile`, the operator's price book, and counting runs anew by it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Annotated, Any, Protocol, cast

from fastapi import Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.frames import Closed
from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.service import Act
from headgate.kernel import json
from headgate.kernel.clock import iso, parse_time, to_us
from headgate.kernel.errors import BadRequest
from headgate.kernel.money import to_usd
from headgate.kernel.pages import page_body
from headgate.providers.prices import PriceBook
from headgate.record.bills import service
from headgate.record.bills.exports import Provider, read_export
from headgate.record.bills.schemas import BillReport, NewPrice, Price, PriceList, RepriceBody, Repriced
from headgate.record.bills.service import Repricing
from headgate.record.spend import service as spend
from headgate.record.spend.schemas import Status
from headgate.record.spend.service import PriceDraft
from headgate.rim.context import Reading, Writing, caller_of, services_of
from headgate.rim.router import PageQuery, Router
from headgate.store import versions

router = Router("bills")

MAX_PAGES = 200  # of runs counted anew in one request


class Undrained(Protocol):
    runs: list[Closed]


class TailReader(Protocol):
    async def tail(self, db: AsyncConnection, tenant: str) -> Undrained: ...


EXPORT_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "object", "examples": [{
                "object": "page", "data": [{
                    "object": "bucket", "start_time": 1767225600, "end_time": 1767312000,
                    "results": [{"model": "gpt-4o-2024-08-06", "input_tokens": 1000, "output_tokens": 500,
                                 "input_cached_tokens": 800, "num_model_requests": 5}],
                }],
            }]}},
            "text/csv": {"schema": {"type": "string"}},
        },
    }
}  # fmt: skip


@router.post("/api/v1/spend/reconcile", right="spend:admin", response=BillReport, docs=EXPORT_BODY)
async def reconcile(
    ctx: Reading,
    request: Request,
    provider: Annotated[
        Provider | None, Query(description="Whose export it is, when its words do not say.")
    ] = None,
    tolerance_pct: Annotated[
        Decimal, Query(ge=0, le=100, description="How much may differ and still match.")
    ] = Decimal(0),
) -> Any:
    """Hold a provider's usage or cost export against the record: the body is the file, CSV or JSON, as it came from
    OpenAI's or Anthropic's API or console. The answer says per day and model what matches, what not, and by how much."""
    ctx.caller.whole_tenant("bills")
    body = await request.body()
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("The export must be UTF-8 text.") from None
    export = await asyncio.to_thread(read_export, text, provider)
    tail = await cast(TailReader, ctx.services.recorder).tail(ctx.db, ctx.tenant)
    return await service.reconcile(ctx.db, ctx.tenant, export, tail.runs, tolerance_pct=tolerance_pct)


@router.get("/api/v1/spend/prices", right="spend:read", response=PriceList)
async def list_own_prices(ctx: Reading, page: PageQuery) -> Any:
    """The prices that were set here, newest first, withdrawn ones too."""
    rows = await spend.prices(ctx.db)
    part = [price_body(row) for row in rows[page.offset : page.offset + page.limit]]
    return page_body("prices", part, page, len(rows))


@router.post("/api/v1/spend/prices", right="spend:admin", status=201, response=Price)
async def set_own_price(ctx: Writing, body: NewPrice) -> Any:
    """Set a price from a date on. It counts from the next call on; for older runs see `/api/v1/spend/reprice`."""
    now_us = to_us(ctx.clock.now())
    effective_us = now_us if body.effectiveAt is None else _moment("effectiveAt", body.effectiveAt)
    draft = PriceDraft(body.provider, body.model, body.price, effective_us, body.note)
    row = await spend.set_price(ctx.db, ctx.caller, draft, ctx.ids, ctx.clock)
    ctx.changed(spend.PRICES)
    return price_body(row)


@router.delete("/api/v1/spend/prices/{price}", right="spend:admin", response=Status)
async def withdraw_own_price(ctx: Writing, price: str) -> Any:
    """Take a price back; what held before holds again."""
    await spend.withdraw_price(ctx.db, ctx.caller, price, ctx.ids, ctx.clock)
    ctx.changed(spend.PRICES)
    return {"status": "withdrawn"}


@router.post("/api/v1/spend/reprice", right="spend:admin", response=Repriced)
async def reprice(request: Request, body: RepriceBody) -> Any:
    """Count runs anew by the prices that hold for their own time: those that had none, and those whose price was corrected.
    A run stays as it was recorded; sums and caps count what is right now."""
    services, caller = services_of(request), caller_of(request)
    caller.whole_tenant("sums of money")
    now_us = to_us(services.clock.now())
    since_us = _moment("since", body.since)
    state = Repricing.of(since_us, now_us if body.until is None else _moment("until", body.until))
    prices = cast(PriceBook, services.hot["prices"])
    await services.recorder.caught_up(5.0)
    for _ in range(MAX_PAGES):
        opened = services.database.reading() if body.dryRun else services.database.writing()
        async with opened as db:
            await service.reprice_page(
                db, caller.tenant, prices, state, None if body.dryRun else lambda: now_us
            )
        if state.done:
            break
    answer = {
        "dryRun": body.dryRun, "lookedAt": state.looked_at, "changed": state.changed, "beforeUsd": to_usd(state.before_pico),
        "afterUsd": to_usd(state.after_pico), "stillUnpriced": state.still_unpriced, "done": state.done,
    }  # fmt: skip
    if not body.dryRun and state.changed:
        act = Act.now(
            services.ids, services.clock, kind="spend.repriced", actor=caller.key_id or caller.kind,
            detail={**answer, "sinceUs": since_us, "untilUs": state.until_us},
        )  # fmt: skip
        async with services.database.writing() as db:
            await ledger.append(db, caller.tenant, act)
            await versions.bump(db, spend.PRICES, caller.tenant, now_us=now_us)
        await services.notices.changed(spend.PRICES, caller.tenant)
    return answer | {"next": None if state.done else iso(state.last_us)}


def price_body(row: Any) -> dict[str, Any]:
    return {
        "id": row["id"], "model": row["model"], "provider": row["provider"], "price": json.decode(row["price"].encode()),
        "effectiveAt": iso(row["effective_us"]), "note": row["note"], "createdAt": iso(row["created_us"]),
        "createdBy": row["created_by"], "withdrawnAt": None if row["withdrawn_us"] is None else iso(row["withdrawn_us"]),
    }  # fmt: skip


def _moment(name: str, text: str) -> int:
    try:
        return parse_time(text)
    except (ValueError, OverflowError):
        raise BadRequest(f"`{name}` is not a time. Use ISO 8601 or seconds since 1970.", param=name) from None
