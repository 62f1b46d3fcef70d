"""Facets: which runs of a batch have which route, status, app, agent and model.

A few rows a batch instead of five indexes a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from headgate.call.frames import Closed

FACETS = ("route", "status", "app", "agent", "model")

Kind = tuple[str, str, str, str, str, str]  # tenant, then FACETS


class Stretch(NamedTuple):
    """`runs` runs that have some value lie between these ids, both included."""

    low: str
    high: str
    runs: int


def facet(name: str, value: str) -> str:
    return f"{name}={value}"


def rows(runs: Iterable[Closed]) -> list[tuple[str, str, str, str, int]]:
    """The rows of table `run_facets` for one batch."""
    kinds: dict[Kind, list[str]] = {}
    for run in runs:
        key = (run.tenant, run.route, run.status, run.app, run.agent, run.model)
        ids = kinds.get(key)
        if ids is None:
            kinds[key] = [run.run_id]
        else:
            ids.append(run.run_id)
    found: dict[tuple[str, str], Stretch] = {}
    for (tenant, *values), ids in kinds.items():
        low, high = min(ids), max(ids)
        for name, value in zip(FACETS, values, strict=True):
            place = (tenant, facet(name, value))
            known = found.get(place)
            found[place] = (
                Stretch(low, high, len(ids))
                if known is None
                else Stretch(min(low, known.low), max(high, known.high), known.runs + len(ids))
            )
    return [(tenant, name, each.high, each.low, each.runs) for (tenant, name), each in sorted(found.items())]


def union(stretches: Sequence[Stretch], most: int) -> list[tuple[str, str]]:
    """The ids to look through: the stretches, newest first, as at most `most` that do not overlap."""
    merged: list[tuple[str, str]] = []
    for low, high, _ in sorted(stretches, key=lambda each: each.high, reverse=True):
        if merged and (high >= merged[-1][0] or len(merged) >= most):
            merged[-1] = (min(low, merged[-1][0]), merged[-1][1])
        else:
            merged.append((low, high))
    return merged
