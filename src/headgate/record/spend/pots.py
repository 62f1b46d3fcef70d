"""Pots: what one payer has spent and has held, by day and by month, in memory. Plain counters, no clock and no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from headgate.record.spend.caps import Period, Standing, month_of

KEPT = 2  # the running period and the one before: a call may end in the period after the one it began in


class Counter:
    """Whole pico-dollars of one period."""

    __slots__ = ("held", "spent")

    def __init__(self) -> None:
        self.spent = 0
        self.held = 0


class Balance(NamedTuple):
    """What the record knows of a payer. `kept` is in the database by day, `waiting` is written and not there yet."""

    kept: Mapping[int, int]
    waiting: Mapping[str, tuple[int, int]]  # run id to day and cost


class Pot:
    """The counters of one payer. Until `load` it remembers each run, so that none is counted twice or not at all."""

    __slots__ = ("_days", "_months", "_seen", "holds", "told")

    def __init__(self) -> None:
        self._days: dict[int, Counter] = {}
        self._months: dict[int, Counter] = {}
        self._seen: dict[str, tuple[int, int]] | None = {}
        self.holds = 0  # calls in flight
        self.told: dict[
            tuple[Period, int, int], int
        ] = {}  # period, its number, limit: the highest threshold announced

    @property
    def loaded(self) -> bool:
        return self._seen is None

    @property
    def seen(self) -> Iterable[str]:
        """The runs that were settled since the pot is there; empty once it is loaded."""
        return tuple(self._seen or ())

    def day(self, day: int) -> Counter:
        return _counter(self._days, day)

    def month(self, month: int) -> Counter:
        return _counter(self._months, month)

    def counter(self, period: Period, day: int) -> Counter:
        return self.day(day) if period == "daily" else self.month(month_of(day))

    def hold(self, day: int, pico: int) -> None:
        self.holds += 1
        self.day(day).held += pico
        self.month(month_of(day)).held += pico

    def release(self, day: int, pico: int) -> None:
        self.holds -= 1
        for counters, number in ((self._days, day), (self._months, month_of(day))):
            counter = counters.get(number)
            if counter is not None:
                counter.held -= pico

    def spend(self, run_id: str, day: int, pico: int) -> None:
        if self._seen is not None:
            self._seen[run_id] = (day, pico)
            return
        self._add(day, pico)

    def load(self, balance: Balance, known: frozenset[str]) -> None:
        """Take over what the record knows. `known`: which of `seen` are in `balance.kept` already."""
        seen, self._seen = self._seen or {}, None
        for day, pico in balance.kept.items():
            self._add(day, pico)
        runs = {**balance.waiting, **seen}
        for run_id, (day, pico) in runs.items():
            if run_id not in known:
                self._add(day, pico)

    def _add(self, day: int, pico: int) -> None:
        self.day(day).spent += pico
        self.month(month_of(day)).spent += pico


def _counter(counters: dict[int, Counter], number: int) -> Counter:
    counter = counters.get(number)
    if counter is None:
        counter = counters[number] = Counter()
        for old in sorted(counters)[:-KEPT]:
            if not counters[old].held and old != number:
                del counters[old]
    return counter


class Hold(NamedTuple):
    """Money set aside for one call, for each payer that has a cap."""

    run_id: str
    pico: int
    day: int
    standings: tuple[Standing, ...]
    expires_s: float  # by the monotonic clock
