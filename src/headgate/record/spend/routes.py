"""Spend and its caps: `/api/v1/savings`, `/api/spend`, `/api/users/{id}/spend`. Sums go up to the last answered call,
caps hold from the next one on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol, cast

from fastapi import Path, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.frames import Closed, Late
from headgate.kernel.clock import parse_time, to_us
from headgate.kernel.errors import BadRequest, NotFound
from headgate.kernel.money import to_usd
from headgate.kernel.pages import page_body
from headgate.record.spend import capping, service
from headgate.record.spend import days as by_day
from headgate.record.spend.capping import Amounts
from headgate.record.spend.caps import ANY, Cap, Payer, Scope, day_of
from headgate.record.spend.queries import Period
from headgate.record.spend.schemas import (
    CapAmounts,
    CapList,
    CapRow,
    NewCap,
    Savings,
    SpendHistory,
    SpendNow,
    Status,
    UserCap,
    UserSpend,
)  # fmt: skip
from headgate.rim.context import Context, Reading, Writing
from headgate.rim.router import PageQuery, Router

router = Router("spend")

UserId = Annotated[str, Path(min_length=1, max_length=capping.MAX_NAME)]
Days = Annotated[int, Query(ge=1, le=365, description="How many days back, today among them.")]


class Undrained(Protocol):
    """What is written and not in the database yet."""

    runs: Sequence[Closed]
    late: Sequence[Late]


class TailReader(Protocol):
    """The recorder, as far as this room needs it."""

    async def tail(self, db: AsyncConnection, tenant: str) -> Undrained: ...


@router.get("/api/v1/savings", right="savings:read", response=Savings)
async def get_savings(
    ctx: Reading,
    app: str | None = None,
    since: Annotated[str | None, Query(description="From this hour on.")] = None,
    until: Annotated[str | None, Query(description="Before this hour.")] = None,
) -> Any:
    """What was spent and saved, up to the last answered call. An app-pinned key sees its own app only."""
    pin = ctx.caller.app_pin
    period = Period(pin if pin is not None else app, _hour("since", since), _hour("until", until))
    tail = await cast(TailReader, ctx.services.recorder).tail(ctx.db, ctx.tenant)
    return await service.savings(ctx.db, ctx.tenant, period, service.tally(tail.runs, tail.late))


@router.get("/api/spend", right="spend:read", response=SpendNow)
async def get_spend(ctx: Reading) -> Any:
    """What each project spent today and this month (UTC), up to the last answered call."""
    waiting = await _waiting(ctx)
    return await by_day.by_project(ctx.db, ctx.tenant, waiting, now_us=to_us(ctx.clock.now()))


@router.get("/api/spend/history", right="spend:read", response=SpendHistory)
async def get_spend_history(
    ctx: Reading,
    days: Days = 30,
    project: Annotated[str | None, Query(description="Without it: all of them.")] = None,
) -> Any:
    """What was spent on each day."""
    payer = Payer(ctx.tenant, "tenant", "") if project is None else Payer(ctx.tenant, "project", project)
    return await _history(ctx, payer, days)


@router.get("/api/users/{id}/spend", right="spend:read", response=UserSpend)
async def get_user_spend(ctx: Reading, id: UserId) -> Any:
    """What a user spent today and this month: of his keys, and of calls with his name in `X-User-Id`."""
    waiting = await _waiting(ctx)
    now_us = to_us(ctx.clock.now())
    return {
        "user_id": id,
        **await by_day.summary(ctx.db, Payer(ctx.tenant, "user", id), waiting, now_us=now_us),
    }


@router.get("/api/users/{id}/spend/history", right="spend:read", response=SpendHistory)
async def get_user_spend_history(ctx: Reading, id: UserId, days: Days = 30) -> Any:
    """What a user spent on each day."""
    return await _history(ctx, Payer(ctx.tenant, "user", id), days)


@router.get("/api/users/{id}/spend/cap", right="spend:read", response=UserCap)
async def get_user_cap(ctx: Reading, id: UserId) -> Any:
    """The user's own cap."""
    cap = next((cap for cap in await _caps(ctx) if (cap.scope, cap.name) == ("user", id)), None)
    amounts = _amounts(cap) if cap is not None else {"daily_cap": 0.0, "monthly_cap": 0.0, "soft_cap": False}
    return {"user_id": id, **amounts, "configured": cap is not None and cap.is_limit}


@router.put("/api/users/{id}/spend/cap", right="spend:admin", response=Status)
async def put_user_cap(ctx: Writing, id: UserId, body: CapAmounts) -> Any:
    """Set the user's cap; it holds from the next call on. With zeros he has none, whatever `*` says."""
    await _put(ctx, "user", id, body)
    return {"status": "updated"}


@router.get("/api/spend/caps", right="spend:read", response=CapList)
async def list_caps(ctx: Reading, page: PageQuery, scope: str | None = None, name: str | None = None) -> Any:
    """Every cap of the tenant: the rows of this API, and those of the settings that no row replaces."""
    waiting = await _waiting(ctx)
    chosen = [cap for cap in await _caps(ctx) if scope in (None, cap.scope) and name in (None, cap.name)]
    own = {(row["scope"], row["name"]) for row in await capping.rows(ctx.db, ctx.tenant)}
    part = chosen[page.offset : page.offset + page.limit]
    rows = [await _row(ctx, cap, waiting, is_own=(cap.scope, cap.name) in own) for cap in part]
    return page_body("caps", rows, page, len(chosen))


@router.put("/api/spend/caps", right="spend:admin", response=Status)
async def put_cap(ctx: Writing, body: NewCap) -> Any:
    """Set a cap; it holds from the next call on."""
    await _put(ctx, body.scope, body.name, body)
    return {"status": "updated"}


@router.delete("/api/spend/caps", right="spend:admin", response=Status)
async def delete_cap(
    ctx: Writing,
    scope: Literal["tenant", "project", "user", "key", "tag", "session"],
    name: str = "",
) -> Any:
    """Remove a cap of this API. What the settings say, or the cap of everybody, holds again."""
    ctx.caller.whole_tenant("spend and caps")
    if not await capping.drop(ctx.db, ctx.caller, (scope, name), ctx.ids, ctx.clock):
        raise NotFound("There is no such cap.")
    ctx.changed(capping.PART)
    return {"status": "deleted"}


async def _waiting(ctx: Context) -> Sequence[Closed]:
    """What is written and not in the database yet. Asked before anything else is read."""
    ctx.caller.whole_tenant("spend and caps")
    tail = await cast(TailReader, ctx.services.recorder).tail(ctx.db, ctx.tenant)
    return tail.runs


async def _history(ctx: Context, payer: Payer, back: int) -> dict[str, Any]:
    waiting = await _waiting(ctx)
    today = day_of(to_us(ctx.clock.now()))
    return {"daily": await by_day.history(ctx.db, payer, waiting, since_day=today - back + 1)}


async def _caps(ctx: Context) -> list[Cap]:
    ctx.caller.whole_tenant("spend and caps")
    settings_caps = ctx.services.hot.get("settings_caps", ())
    return (await capping.effective(ctx.db, settings_caps, ctx.tenant))[ctx.tenant]


async def _put(ctx: Context, scope: Scope, name: str, body: CapAmounts) -> None:
    ctx.caller.whole_tenant("spend and caps")
    cap = capping.make(ctx.tenant, scope, name, Amounts(body.daily_cap, body.monthly_cap, body.soft_cap))
    await capping.put(ctx.db, ctx.caller, cap, ctx.ids, ctx.clock)
    ctx.changed(capping.PART)


async def _row(ctx: Context, cap: Cap, waiting: Sequence[Closed], *, is_own: bool) -> dict[str, Any]:
    spent: dict[str, Any] = {"today": None, "month": None}
    if not cap.name.endswith(ANY):
        payer = Payer(ctx.tenant, cap.scope, cap.name)
        spent = await by_day.summary(ctx.db, payer, waiting, now_us=to_us(ctx.clock.now()))
    return CapRow(
        scope=cap.scope, name=cap.name, **_amounts(cap), source="api" if is_own else "settings",
        today=spent["today"], month=spent["month"],
    ).model_dump()  # fmt: skip


def _amounts(cap: Cap) -> dict[str, Any]:
    return {
        "daily_cap": to_usd(cap.daily_pico),
        "monthly_cap": to_usd(cap.monthly_pico),
        "soft_cap": cap.soft,
    }


def _hour(name: str, text: str | None) -> int | None:
    try:
        at_us = parse_time(text) if text else None
    except (ValueError, OverflowError):
        raise BadRequest(f"`{name}` is not a time. Use ISO 8601 or seconds since 1970.", param=name) from None
    return None if at_us is None else at_us - at_us % service.HOUR_US
