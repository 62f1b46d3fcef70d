"""`GET /api/v1/savings`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Protocol, cast

from fastapi import Query
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.frames import Closed, Late
from headgate.kernel.clock import parse_time
from headgate.kernel.errors import BadRequest
from headgate.record.spend import service
from headgate.record.spend.queries import Period
from headgate.record.spend.schemas import Savings
from headgate.rim.context import Reading
from headgate.rim.router import Router

router = Router("spend")


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


def _hour(name: str, text: str | None) -> int | None:
    try:
        at_us = parse_time(text) if text else None
    except (ValueError, OverflowError):
        raise BadRequest(f"`{name}` is not a time. Use ISO 8601 or seconds since 1970.", param=name) from None
    return None if at_us is None else at_us - at_us % service.HOUR_US
