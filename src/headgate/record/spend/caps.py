"""Caps: how much may be spent for whom in a day and in a month, and which caps a call stands under."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, Literal, NamedTuple

from headgate.kernel.clock import iso
from headgate.kernel.errors import BadRequest, RateLimited
from headgate.kernel.money import header_usd, to_usd

Scope = Literal["tenant", "project", "user", "key", "tag", "session"]
Period = Literal["daily", "monthly"]
SCOPES: tuple[Scope, ...] = ("tenant", "project", "user", "key", "tag", "session")
ANY = "*"  # the cap of everybody in a scope who has none of his own, each with a purse of his own
FALLBACK = "default"  # the project whose caps hold for projects without any
THRESHOLDS = (50, 80, 100)  # per cent of a cap that are told of
DAY_S = 86_400


class Payer(NamedTuple):
    """Whose money it is: one counter is kept for each. `name` is "" for the tenant as a whole."""

    tenant: str
    scope: Scope
    name: str


class Payers(NamedTuple):
    """Everybody whose money a call is. Empty names are nobody."""

    tenant: str
    project: str = "default"
    user: str = ""
    key: str = ""
    session: str = ""
    tags: Mapping[str, str] = {}

    def all(self) -> Iterator[Payer]:
        tenant = self.tenant
        yield Payer(tenant, "tenant", "")
        yield Payer(tenant, "project", self.project or FALLBACK)
        if self.user:
            yield Payer(tenant, "user", self.user)
        if self.key:
            yield Payer(tenant, "key", self.key)
        if self.session:
            yield Payer(tenant, "session", self.session)
        for name, value in self.tags.items():
            yield Payer(tenant, "tag", f"{name}={value}")


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that may be spent for a payer; 0 is no limit. A soft cap only tells. `name` may be `*`, for a tag also `k=*`."""

    tenant: str
    scope: Scope
    name: str
    daily_pico: int = 0
    monthly_pico: int = 0
    soft: bool = False
    thresholds: tuple[int, ...] = THRESHOLDS

    @property
    def is_limit(self) -> bool:
        """A cap without limits only keeps the cap of everybody away from its payer."""
        return bool(self.daily_pico or self.monthly_pico)

    def limits(self) -> Iterator[tuple[Period, int]]:
        """The daily limit first, then the monthly one."""
        if self.daily_pico:
            yield "daily", self.daily_pico
        if self.monthly_pico:
            yield "monthly", self.monthly_pico


class Standing(NamedTuple):
    """A payer of a call and the cap that holds for him."""

    payer: Payer
    cap: Cap


@dataclass(frozen=True, slots=True)
class CapBook:
    """All caps of one tenant, found by payer."""

    caps: Mapping[tuple[Scope, str], Cap] = field(default_factory=dict[tuple[Scope, str], Cap])

    @classmethod
    def of(cls, caps: Iterable[Cap]) -> CapBook:
        found: dict[tuple[Scope, str], Cap] = {(cap.scope, cap.name): cap for cap in caps}
        return cls(found) if any(cap.is_limit for cap in found.values()) else cls()

    def over(self, payers: Payers) -> tuple[Standing, ...]:
        """The caps that hold for a call, the tenant's first."""
        return tuple(
            Standing(payer, cap)
            for payer in payers.all()
            if (cap := self.cap_of(payer)) is not None and cap.is_limit
        )

    def cap_of(self, payer: Payer) -> Cap | None:
        """His own, else that of everybody in his scope."""
        scope, name = payer.scope, payer.name
        own = self.caps.get((scope, name))
        if own is not None:
            return own
        if scope == "project" and (shared := self.caps.get((scope, FALLBACK))) is not None:
            return shared
        if scope == "tag" and (each := self.caps.get((scope, f"{name.partition('=')[0]}={ANY}"))) is not None:
            return each
        return self.caps.get((scope, ANY))


def day_of(at_us: int) -> int:
    """The day (UTC) as days since the epoch."""
    return at_us // (DAY_S * 1_000_000)


def month_of(day: int) -> int:
    """The month of a day as months since the epoch."""
    moment = datetime.fromtimestamp(day * DAY_S, UTC)
    return (moment.year - 1970) * 12 + moment.month - 1


def first_day(month: int) -> int:
    """The first day of a month of `month_of`."""
    return int(datetime(1970 + month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()) // DAY_S


def resets_at_s(period: Period, day: int) -> int:
    """When the period of `day` ends, in seconds since the epoch."""
    return (day + 1 if period == "daily" else first_day(month_of(day) + 1)) * DAY_S


class UnpricedModel(BadRequest):
    """Under a cap nothing may be spent whose price nobody knows."""

    code = "unpriced_model"


class CapExceeded(RateLimited):
    """A cap has no room for this call. `rate_limited` is the code that the reference has for it."""

    kind: ClassVar[str] = "cap_exceeded"


class Room(NamedTuple):
    """How full a period of a cap is."""

    period: Period
    limit: int
    spent: int
    held: int
    day: int


def cap_exceeded(standing: Standing, room: Room, now_s: float) -> CapExceeded:
    """The refusal. When only money held for calls in flight is in the way, another try is worth it in a second."""
    payer = standing.payer
    resets_s = resets_at_s(room.period, room.day)
    full = room.spent >= room.limit or not room.held
    wait_s = max(1, math.ceil(resets_s - now_s)) if full else 1
    whose = "this tenant" if payer.scope == "tenant" else f"{payer.scope} {payer.name!r}"
    headers = {
        "Retry-After": str(wait_s),
        "X-RateLimit-Limit": header_usd(room.limit),
        "X-RateLimit-Remaining": header_usd(max(0, room.limit - room.spent - room.held)),
        "X-RateLimit-Reset": str(max(1, math.ceil(resets_s - now_s))),
    }
    if full:
        headers["X-Should-Retry"] = "false"
    return CapExceeded(
        f"The {room.period} spend cap of {whose} has no room for this call.",
        headers=headers, cap=to_usd(room.limit), spent=to_usd(room.spent), held=to_usd(room.held), period=room.period,
        resets_at=iso(resets_s * 1_000_000), scope=payer.scope, name=payer.name,
    )  # fmt: skip
