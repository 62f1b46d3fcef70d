"""The purse: money is held before a model is asked, and settled once when the call is over. In memory, on the event loop.

What it knows is in the record too: `Opened` carries the hold, `Closed` the cost, and a pot is loaded from both.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from headgate.call.call import Call
from headgate.call.frames import Closed
from headgate.kernel.clock import Clock
from headgate.kernel.errors import Unavailable
from headgate.kernel.logging import get_log
from headgate.providers.prices import PriceBook
from headgate.record.spend.caps import (
    Cap,
    CapBook,
    CapExceeded,
    Payer,
    Period,
    Room,
    Standing,
    UnpricedModel,
    cap_exceeded,
    day_of,
    month_of,
)
from headgate.record.spend.estimates import least_cost, likely_cost, most_cost, output_limit
from headgate.record.spend.payers import payers_of_call, payers_of_run, tags_of, user_of
from headgate.record.spend.pots import Balance, Hold, Pot

__all__ = [
    "Alert", "Cap", "CapExceeded", "Hold", "Payer", "Purse", "Standing", "UnpricedModel", "likely_cost", "most_cost",
    "output_limit", "tags_of", "user_of",
]  # fmt: skip

log = get_log("spend")

HOLD_S = 2100.0  # longer than any call may take: what is held longer has leaked
MAX_POTS = 50_000
MAX_SETTLED = 8192  # run ids remembered, so that settling twice counts once
MAX_ALERTS = 1024
EXCEEDED = 1000  # the level of a refusal

Known = frozenset[str]
Loader = Callable[[Sequence[Payer], Callable[[], set[str]]], Awaitable[tuple[Mapping[Payer, Balance], Known]]]


class Alert(NamedTuple):
    """A threshold was passed, or (level EXCEEDED) a call refused."""

    payer: Payer
    period: Period
    day: int
    limit: int
    spent: int
    level: int


class Purse:
    """The money of all tenants of one gateway. `load` is how a pot learns what was spent before it was there."""

    def __init__(
        self, clock: Clock, load: Loader, *, hold_s: float = HOLD_S, max_pots: int = MAX_POTS
    ) -> None:
        self._clock = clock
        self._load = load
        self._hold_s = hold_s
        self._max_pots = max_pots
        self._books: dict[str, CapBook] = {}
        self._pots: dict[Payer, Pot] = {}
        self._holds: dict[str, Hold] = {}
        self._settled: dict[str, None] = {}
        self._loading = asyncio.Lock()
        self.alerts: deque[Alert] = deque(maxlen=MAX_ALERTS)
        self.alerted = asyncio.Event()
        self.leaked = 0

    # ---- caps

    def set_caps(self, tenant: str, caps: Iterable[Cap]) -> None:
        """The caps of a tenant, from now on."""
        book = CapBook.of(caps)
        if book.caps:
            self._books[tenant] = book
        else:
            self._books.pop(tenant, None)

    def standings(self, call: Call) -> tuple[Standing, ...]:
        """The caps that hold for `call`."""
        book = self._books.get(call.caller.tenant)
        return () if book is None else book.over(payers_of_call(call))

    def ready(self, standings: Sequence[Standing]) -> bool:
        """Is it known what was spent under each of them?"""
        pots = self._pots
        return all((pot := pots.get(each.payer)) is not None and pot.loaded for each in standings)

    async def prepare(self, standings: Sequence[Standing]) -> None:
        """Load the pots that are not ready. Raises whatever the loader does; nobody is let in then."""
        async with self._loading:
            missing = [each.payer for each in standings if not self.ready([each])]
            if not missing:
                return
            pots = {payer: self._pots.setdefault(payer, Pot()) for payer in missing}
            balances, known = await self._load(
                missing, lambda: {run for pot in pots.values() for run in pot.seen}
            )
            for payer, pot in pots.items():
                if not pot.loaded:
                    pot.load(balances[payer], known)
        self._make_room()

    def forget(self, tenant: str) -> None:
        """What was spent has changed behind our back (prices were corrected): load the tenant's pots anew."""
        for payer in [payer for payer in self._pots if payer.tenant == tenant]:
            fresh, old = Pot(), self._pots[payer]
            for hold in self._holds.values():
                if any(each.payer == payer for each in hold.standings):
                    fresh.hold(hold.day, hold.pico)
            fresh.told = old.told
            self._pots[payer] = fresh

    # ---- one call

    def hold(self, call: Call, prices: PriceBook, provider: str, model: str) -> int:
        """Hold what `call` may cost at most; call it right before the `Opened` frame, and again before another target is
        tried. Returns what is held (`Opened.hold_pico`), 0 when no cap is concerned. Raises CapExceeded, UnpricedModel."""
        if "caps" not in call.notes:
            return 0
        held = self.reserve(
            call, most_cost(call, prices, provider, model), lambda: least_cost(call, prices, provider, model)
        )
        return held.pico if held is not None else 0

    def reserve(
        self, call: Call, most_pico: int | None, least_pico: Callable[[], int] | None = None
    ) -> Hold | None:
        """Hold `most_pico` (None: the price is unknown). Where that is too much for a cap, `least_pico` decides: the last
        call under a cap may pass it by what a guess at its prompt is wrong, and only while no other call has done so."""
        standings: tuple[Standing, ...] | None = call.notes.get("caps")
        if not standings:
            return None
        day = day_of(call.received_us)
        before = self._holds.get(call.run_id)
        if before is not None:
            self._release(before)
        try:
            self._judge(call, standings, day, most_pico, least_pico)
        except (CapExceeded, UnpricedModel):
            if before is not None:
                self._take(before)
            raise
        hold = Hold(
            call.run_id, most_pico or 0, day, standings, self._clock.monotonic() + self._hold_s
        )  # fmt: skip
        self._take(hold)
        call.notes["hold"] = hold.pico
        return hold

    def settle(self, run: Closed) -> None:
        """The call is over: let go of what was held and count what it cost. Once per run; call it right after
        its `Closed` frame was written."""
        hold = self._holds.get(run.run_id)
        if hold is not None:
            self._release(hold)
        if not self._pots or run.run_id in self._settled:
            return
        self._settled[run.run_id] = None
        if len(self._settled) > MAX_SETTLED:
            del self._settled[next(iter(self._settled))]
        day, cost = day_of(run.at_us), run.cost_pico or 0
        for payer in payers_of_run(run).all():
            pot = self._pots.get(payer)
            if pot is not None and cost:
                pot.spend(run.run_id, day, cost)
        for standing in hold.standings if hold is not None else ():
            self._tell(standing, day)

    def refund(self, run_id: str) -> None:
        """Nothing was spent: let go of what was held."""
        hold = self._holds.get(run_id)
        if hold is not None:
            self._release(hold)

    def sweep(self) -> int:
        """Let go of holds whose calls were never settled; how many. The oldest stand first."""
        now, gone = self._clock.monotonic(), 0
        for hold in list(self._holds.values()):
            if hold.expires_s > now:
                break
            self._release(hold)
            gone += 1
            log.warning("spend.hold_leaked", run=hold.run_id, pico=hold.pico)
        self.leaked += gone
        return gone

    # ---- looking

    @property
    def holds(self) -> int:
        """Calls for which money is held."""
        return len(self._holds)

    def counters(self, payer: Payer, at_us: int) -> tuple[int, int, int] | None:
        """(today, this month, held) of a loaded pot; None when there is none."""
        pot = self._pots.get(payer)
        if pot is None or not pot.loaded:
            return None
        day = day_of(at_us)
        return pot.day(day).spent, pot.month(month_of(day)).spent, pot.month(month_of(day)).held

    # ---- inside

    def _judge(
        self,
        call: Call,
        standings: Sequence[Standing],
        day: int,
        most: int | None,
        least: Callable[[], int] | None,
    ) -> None:
        """Raise the refusal, unless the call goes through; an observe key and a soft cap only leave a note."""
        if most is None:
            if not call.observing and any(not each.cap.soft for each in standings):
                raise UnpricedModel(
                    f"The price of {call.model!r} is not known, and calls under a spend cap need one. "
                    "Set it in `prices`, or ask for another model.", param="model",
                )  # fmt: skip
            return
        for standing in standings if most else ():
            pot = self._pots.get(standing.payer)
            if pot is None or not pot.loaded:
                if call.observing or standing.cap.soft:
                    continue
                raise Unavailable(
                    "What was spent so far is not known at this moment.", headers={"Retry-After": "1"}
                )
            for period, limit in standing.cap.limits():
                counter = pot.counter(period, day)
                taken = counter.spent + counter.held
                if taken + most <= limit or (least is not None and taken + least() <= limit):
                    continue
                self._full(call, standing, Room(period, limit, counter.spent, counter.held, day))

    def _full(self, call: Call, standing: Standing, room: Room) -> None:
        if standing.cap.soft:
            call.warn(
                f"the {room.period} soft spend cap of {standing.payer.scope} {standing.payer.name} is exhausted"
            )
            return
        refusal = cap_exceeded(standing, room, self._clock.now())
        if call.observing:
            call.explanation["would_block"] = {
                "by": "costcap",
                "code": refusal.code,
                "message": refusal.message,
            }
            return
        self._announce(Alert(standing.payer, room.period, room.day, room.limit, room.spent, EXCEEDED))
        raise refusal

    def _take(self, hold: Hold) -> None:
        self._holds[hold.run_id] = hold
        for payer, _ in hold.standings:
            self._pots.setdefault(payer, Pot()).hold(hold.day, hold.pico)

    def _release(self, hold: Hold) -> None:
        del self._holds[hold.run_id]
        for payer, _ in hold.standings:
            pot = self._pots.get(payer)
            if pot is not None:
                pot.release(hold.day, hold.pico)

    def _tell(self, standing: Standing, day: int) -> None:
        """Announce each threshold of a cap that is passed, once."""
        payer, cap = standing
        pot = self._pots.get(payer)
        if pot is None or not pot.loaded:
            return
        for period, limit in cap.limits():
            spent = pot.counter(period, day).spent
            if spent * 100 < cap.thresholds[0] * limit:
                continue
            key = (period, day if period == "daily" else month_of(day), limit)
            told = pot.told.get(key, 0)
            for level in cap.thresholds:
                if told < level and spent * 100 >= level * limit:
                    pot.told[key] = level
                    self._announce(Alert(payer, period, day, limit, spent, level))

    def _announce(self, alert: Alert) -> None:
        self.alerts.append(alert)
        self.alerted.set()

    def _make_room(self) -> None:
        if len(self._pots) <= self._max_pots:
            return
        for payer in [payer for payer, pot in self._pots.items() if not pot.holds][
            : len(self._pots) - self._max_pots
        ]:
            del self._pots[payer]
