"""A provider's export beside the record: per day and model what matches, what does not, and by how much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from headgate.kernel.money import PICO_PER_USD
from headgate.record.bills.exports import Export, Line, base_model

COUNTS = ("requests", "input_tokens", "cached_tokens", "output_tokens")
CENT_OF_A_CENT = Decimal("0.0001")  # what providers round a line to

Key = tuple[str, str]  # day and model without its date


@dataclass(slots=True)
class Ours:
    """What the record has of one day and model."""

    requests: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost_pico: int = 0
    unpriced: int = 0


def theirs_by_key(lines: Iterable[Line]) -> dict[Key, Line]:
    """The lines added up. What no line of a day and model says stays unsaid."""
    sums: dict[Key, Line] = {}
    for line in lines:
        total = sums.setdefault((line.day, line.model), Line(line.day, line.model))
        for name in (*COUNTS, "cost_usd"):
            value = getattr(line, name)
            if value is not None:
                setattr(total, name, value + (getattr(total, name) or 0))
    return sums


def ours_by_key(rows: Iterable[tuple[str, str, Ours]]) -> dict[Key, Ours]:
    """The record's sums, models of one name and several dates together."""
    sums: dict[Key, Ours] = {}
    for day, model, row in rows:
        total = sums.setdefault((day, base_model(model)), Ours())
        for name in (*COUNTS, "cost_pico", "unpriced"):
            setattr(total, name, getattr(total, name) + getattr(row, name))
    return sums


def compare(export: Export, ours: Mapping[Key, Ours], *, tolerance_pct: Decimal) -> dict[str, Any]:
    """The body of the report."""
    theirs = theirs_by_key(export.lines)
    rows = [
        _row(key, theirs.get(key), ours.get(key), tolerance_pct)
        for key in sorted({*theirs, *ours})
    ]  # fmt: skip
    kinds = [row["result"] for row in rows]
    return {
        "provider": export.provider,
        "since": min(day for day, _ in theirs),
        "until": max(day for day, _ in theirs),
        "tolerance_pct": float(tolerance_pct),
        "rows": rows,
        "totals": _totals(theirs, ours),
        "summary": {kind: kinds.count(kind) for kind in ("matches", "differs", "only_provider", "only_here")},
        "unread": [{"reason": why, "rows": count} for why, count in export.unread.items()],
    }


def _row(key: Key, theirs: Line | None, ours: Ours | None, tolerance_pct: Decimal) -> dict[str, Any]:
    day, model = key
    row: dict[str, Any] = {
        "date": day, "model": model, "provider": _theirs(theirs), "here": _ours(ours), "difference": {}, "why": [],
    }  # fmt: skip
    if theirs is None or ours is None:
        row["result"] = "only_here" if theirs is None else "only_provider"
        row["why"] = (
            ["the export has nothing of it"]
            if theirs is None
            else ["nothing of it went through this gateway"]
        )
        return row
    differs = False
    for name in COUNTS:
        said = getattr(theirs, name)
        if said is None:
            continue
        gap = getattr(ours, name) - said
        row["difference"][name] = gap
        if abs(gap) * 100 > tolerance_pct * abs(said):
            differs = True
            row["why"].append(f"{name}: {'more' if gap > 0 else 'fewer'} here by {abs(gap)}")
    if theirs.cost_usd is not None:
        gap_usd = Decimal(ours.cost_pico) / PICO_PER_USD - theirs.cost_usd
        row["difference"]["cost"] = float(gap_usd)
        if abs(gap_usd) > max(CENT_OF_A_CENT, abs(theirs.cost_usd) * tolerance_pct / 100):
            differs = True
            row["why"].append(
                f"cost: {'more' if gap_usd > 0 else 'less'} here by ${abs(gap_usd).normalize():f}"
            )
            if ours.unpriced:
                row["why"].append(f"{ours.unpriced} runs have no price here")
    row["result"] = "differs" if differs else "matches"
    return row


def _theirs(line: Line | None) -> dict[str, Any] | None:
    if line is None:
        return None
    cost = None if line.cost_usd is None else float(line.cost_usd)
    return {name: getattr(line, name) for name in COUNTS} | {"cost": cost}


def _ours(ours: Ours | None) -> dict[str, Any] | None:
    if ours is None:
        return None
    return {name: getattr(ours, name) for name in COUNTS} | {
        "cost": ours.cost_pico / PICO_PER_USD, "unpriced": ours.unpriced,
    }  # fmt: skip


def _totals(theirs: Mapping[Key, Line], ours: Mapping[Key, Ours]) -> dict[str, Any]:
    said = [line.cost_usd for line in theirs.values() if line.cost_usd is not None]
    here = Decimal(sum(row.cost_pico for row in ours.values())) / PICO_PER_USD
    return {
        "provider_cost": float(sum(said)) if said else None,
        "here_cost": float(here),
        "difference": float(here - sum(said)) if said else None,
        "provider_tokens": sum(
            (line.input_tokens or 0) + (line.output_tokens or 0) for line in theirs.values()
        ),
        "here_tokens": sum(row.input_tokens + row.output_tokens for row in ours.values()),
    }
