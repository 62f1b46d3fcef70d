"""Caps as people set them: checked, kept as rows with an entry in the ledger, and put before those of the settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.caller import DEFAULT_TENANT, Caller
from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.service import Act
from headgate.kernel.clock import Clock, to_us
from headgate.kernel.errors import BadRequest
from headgate.kernel.ids import Ids
from headgate.kernel.money import PICO_PER_USD, from_usd
from headgate.record.spend import queries
from headgate.record.spend.caps import ANY, SCOPES, THRESHOLDS, Cap

PART = "caps"  # of the plane
MOST_DAILY_USD = Decimal(1_000_000)
MOST_MONTHLY_USD = Decimal(10_000_000)
MAX_NAME = 250
CAP_FIELDS = {"daily", "monthly", "soft"}
PROJECT_FIELDS = {"caps", "alerts"}


class BadCap(ValueError):
    """A cap in the settings can't be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """What a cap allows, in dollars; 0 is no limit."""

    daily_usd: Decimal = Decimal(0)
    monthly_usd: Decimal = Decimal(0)
    soft: bool = False


def make(
    tenant: str, scope: str, name: str, amounts: Amounts, *, thresholds: tuple[int, ...] = THRESHOLDS
) -> Cap:
    """A checked cap. Raises BadRequest, naming the field."""
    if scope not in SCOPES:
        raise BadRequest(f"`scope` is one of {', '.join(SCOPES)}.", param="scope")
    if scope == "tenant":
        name = ""
    elif not name or len(name) > MAX_NAME or not name.isprintable():
        raise BadRequest(f"`name` must be 1 to {MAX_NAME} printable characters.", param="name")
    if scope == "tag" and name != ANY and "=" not in name:
        raise BadRequest(
            "The name of a tag's cap is `tag=value`, or `tag=*` for each of its values.", param="name"
        )
    for field, value, most in (
        ("daily_cap", amounts.daily_usd, MOST_DAILY_USD), ("monthly_cap", amounts.monthly_usd, MOST_MONTHLY_USD),
    ):  # fmt: skip
        if not value.is_finite() or not 0 <= value <= most:
            raise BadRequest(f"`{field}` must be from 0 (no limit) to {most:,} dollars.", param=field)
    return Cap(
        tenant, scope, name, from_usd(amounts.daily_usd), from_usd(amounts.monthly_usd), amounts.soft,
        thresholds,
    )  # fmt: skip


def from_settings(projects: Mapping[str, Any], caps: Mapping[str, Any]) -> list[Cap]:
    """The caps of the settings, all of the default tenant: `projects: {name: {caps: {daily, monthly, soft}, alerts:
    {thresholds}}}` and `caps: {"user:alice": {...}}`. Raises BadCap."""
    made: list[Cap] = []
    for name, given in projects.items():
        fields = _mapping(f"projects.{name}", given, PROJECT_FIELDS)
        told = _mapping(f"projects.{name}.alerts", fields.get("alerts") or {}, {"thresholds"})
        made.append(
            _given(
                f"projects.{name}.caps", f"project:{name}", fields.get("caps") or {}, told.get("thresholds")
            )
        )
    made += [_given(f"caps.{target}", target, given, None) for target, given in caps.items()]
    return made


async def effective(
    db: AsyncConnection, settings_caps: Iterable[Cap], tenant: str | None = None
) -> dict[str, list[Cap]]:
    """The caps of all tenants, or of one: a row takes the place of what the settings say of the same payer."""
    merged: dict[tuple[str, str, str], Cap] = {
        (cap.tenant, cap.scope, cap.name): cap for cap in settings_caps if tenant in (None, cap.tenant)
    }
    for row in await queries.caps(db, tenant):
        key = (row["tenant"], row["scope"], row["name"])
        thresholds = merged[key].thresholds if key in merged else THRESHOLDS
        merged[key] = Cap(
            row["tenant"], row["scope"], row["name"], from_usd(Decimal(row["daily_usd"])),
            from_usd(Decimal(row["monthly_usd"])), bool(row["soft"]), thresholds,
        )  # fmt: skip
    found: dict[str, list[Cap]] = {} if tenant is None else {tenant: []}
    for cap in merged.values():
        found.setdefault(cap.tenant, []).append(cap)
    return found


async def rows(db: AsyncConnection, tenant: str) -> Sequence[Mapping[Any, Any]]:
    """The caps that were set through the API."""
    return await queries.caps(db, tenant)


async def put(db: AsyncConnection, caller: Caller, cap: Cap, ids: Ids, clock: Clock) -> None:
    """Set a cap, in the ledger too."""
    actor = caller.key_id or caller.kind
    before = await queries.cap(db, cap.tenant, cap.scope, cap.name)
    row = {
        "tenant": cap.tenant, "scope": cap.scope, "name": cap.name, "daily_usd": usd_text(cap.daily_pico),
        "monthly_usd": usd_text(cap.monthly_pico), "soft": cap.soft, "updated_us": to_us(clock.now()), "updated_by": actor,
    }  # fmt: skip
    await queries.put_cap(db, row)
    detail = {"before": _image(before), "after": _image(row)}
    target = f"{cap.scope}:{cap.name}"
    await ledger.append(
        db, cap.tenant, Act.now(ids, clock, kind="spend.cap_set", actor=actor, target=target, detail=detail)
    )


async def drop(db: AsyncConnection, caller: Caller, target: tuple[str, str], ids: Ids, clock: Clock) -> bool:
    """Remove the row of a cap; the settings' word, or the cap of everybody, holds again. False when there was none."""
    scope, name = target
    before = next(
        (row for row in await queries.caps(db, caller.tenant) if (row["scope"], row["name"]) == target), None
    )
    if before is None:
        return False
    await queries.drop_cap(db, caller.tenant, scope, name)
    act = Act.now(
        ids, clock, kind="spend.cap_removed", actor=caller.key_id or caller.kind, target=f"{scope}:{name}",
        detail={"before": _image(before)},
    )  # fmt: skip
    await ledger.append(db, caller.tenant, act)
    return True


def usd_text(pico: int) -> str:
    """Whole pico-dollars as exact decimal dollars."""
    return format(Decimal(pico) / PICO_PER_USD, "f")


def _image(row: Mapping[Any, Any] | None) -> dict[str, Any] | None:
    return None if row is None else {name: row[name] for name in ("daily_usd", "monthly_usd", "soft")}


def _mapping(where: str, given: Any, known: set[str]) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise BadCap(f"{where}: must be a mapping")
    fields = cast("dict[str, Any]", given)
    unknown = sorted(set(fields) - known)
    if unknown:
        raise BadCap(f"{where}: unknown field {unknown[0]!r}; known are {', '.join(sorted(known))}")
    return fields


def _given(where: str, target: str, given: Any, told: Any) -> Cap:
    fields = _mapping(where, given, CAP_FIELDS)
    scope, _, name = target.partition(":")
    try:
        amounts = Amounts(
            Decimal(str(fields.get("daily") or 0)), Decimal(str(fields.get("monthly") or 0)), bool(fields.get("soft", False))
        )  # fmt: skip
        return make(DEFAULT_TENANT, scope, name, amounts, thresholds=_thresholds(where, told))
    except (ArithmeticError, BadRequest) as error:
        said = error.message if isinstance(error, BadRequest) else "amounts are numbers of dollars"
        raise BadCap(f"{where}: {said}") from error


def _thresholds(where: str, told: Any) -> tuple[int, ...]:
    if told is None:
        return THRESHOLDS
    levels = cast("list[Any]", told) if isinstance(told, list) else [told]
    if not all(isinstance(level, int) and 1 <= level <= 100 for level in levels):
        raise BadCap(f"{where}: thresholds are whole per cent from 1 to 100")
    return tuple(sorted(cast("list[int]", levels)))
