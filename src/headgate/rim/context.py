"""What a handler gets: who calls, a database transaction, the clock. `Reading` and `Writing` are its two kinds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.caller import Caller
from headgate.call.ports import CallPort, Notices, Recorder
from headgate.kernel.clock import Clock, to_us
from headgate.kernel.errors import GatewayError
from headgate.kernel.ids import Ids
from headgate.store import versions
from headgate.store.engine import Database


@dataclass(frozen=True, slots=True)
class Services:
    """What the application hands to every request. Rooms' own long-lived parts are in `hot`, by room name."""

    database: Database
    clock: Clock
    ids: Ids
    notices: Notices
    recorder: Recorder
    calls: CallPort
    settings: Any  # headgate.config.Settings; config stands above the rim
    hot: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(slots=True)
class Context:
    """One request. `after_commit` actions run once the transaction is safely in the database."""

    caller: Caller
    db: AsyncConnection
    services: Services
    request: Request
    after_commit: list[Callable[[], Awaitable[None]]] = field(
        default_factory=list[Callable[[], Awaitable[None]]]
    )
    changes: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])  # (part, tenant) of the plane

    @property
    def tenant(self) -> str:
        return self.caller.tenant

    @property
    def clock(self) -> Clock:
        return self.services.clock

    @property
    def ids(self) -> Ids:
        return self.services.ids

    def changed(self, part: str, *, tenant: str | None = None) -> None:
        """Count a change of the tenant's `part` in this transaction, and tell of it after the commit.
        `tenant` names another than the caller's."""
        self.changes.add((part, tenant or self.tenant))


def services_of(request: Request) -> Services:
    return cast(Services, request.app.state.services)


def caller_of(request: Request) -> Caller:
    """The caller whom the gatekeeper put on the request. On a public route without one: its refusal, raised."""
    caller = visitor_of(request)
    if caller is None:
        raise cast(GatewayError, request.scope["headgate.refusal"])
    return caller


def visitor_of(request: Request) -> Caller | None:
    """Who calls a public route; None when the door would not have let him in elsewhere."""
    return cast(Caller | None, request.scope["headgate.caller"])


async def _reading(request: Request) -> AsyncIterator[Context]:
    services = services_of(request)
    async with services.database.reading() as db:
        yield Context(caller_of(request), db, services, request)


async def _writing(request: Request) -> AsyncIterator[Context]:
    services = services_of(request)
    async with services.database.writing() as db:
        context = Context(caller_of(request), db, services, request)
        yield context
        await _bump_all(db, context)
    for part, tenant in sorted(context.changes):
        await services.notices.changed(part, tenant)
    for action in context.after_commit:
        await action()


async def _bump_all(db: AsyncConnection, context: Context) -> None:
    """Count the changes, in one order everywhere, so that two writers cannot lock each other out."""
    now_us = to_us(context.clock.now())
    for part, tenant in sorted(context.changes):
        await versions.bump(db, part, tenant, now_us=now_us)


async def _caught_up(request: Request) -> None:
    await services_of(request).recorder.caught_up()


# "function" scope: the transaction is over before the answer leaves
Reading = Annotated[Context, Depends(_reading, scope="function")]
Writing = Annotated[Context, Depends(_writing, scope="function")]
# before `Reading` or `Writing`, for what comes out of runs through the drain: it must not wait behind our own transaction
CaughtUp = Annotated[None, Depends(_caught_up)]
