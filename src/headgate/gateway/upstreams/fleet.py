"""The state of all providers as dispatch finds them: breakers, speed, room, keys that cool down. In memory, bounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from typing_extensions import override

from headgate.gateway.upstreams.breaker import Breaker, BreakerRules, State
from headgate.gateway.upstreams.concurrency import LEAST, MOST, Concurrency
from headgate.gateway.upstreams.fair_queue import FairQueue
from headgate.gateway.upstreams.key_pool import LIMITED_S, REFUSED_S, Cooling
from headgate.gateway.upstreams.latency import PeakLatency
from headgate.gateway.upstreams.retrying import RetryBudget
from headgate.kernel.clock import Clock
from headgate.providers.health import Health

MAX_WAYS = 4096  # models are named by clients
OVERLOADED = frozenset({429, 503, 529})

DEFAULT_RULES = BreakerRules()

WayKey = tuple[str, str, str]  # service, key, model


class Change(NamedTuple):
    """A circuit opened, or closed again."""

    provider: str
    tenant: str  # whose provider it is; "" for the server's
    key_ref: str
    model: str
    state: State
    calls: int
    error_rate: float


class Named(Protocol):
    """What is asked of a provider here."""

    @property
    def name(self) -> str: ...
    @property
    def tenant(self) -> str: ...


@dataclass(frozen=True, slots=True)
class FleetRules:
    """What the operator says of breakers and room. `most`: calls in flight by provider."""

    breaker: BreakerRules = DEFAULT_RULES
    most: Mapping[str, int] | None = None
    most_each: int = MOST


class _Queue(FairQueue):
    def __init__(self, service: Service) -> None:
        super().__init__(service.name)
        self._service = service

    @override
    def on_unused(self) -> None:
        self._service.leave()


class Service:
    """One provider."""

    __slots__ = ("budget", "cooling", "name", "queue", "room", "tenant")

    def __init__(self, name: str, tenant: str, most: int) -> None:
        self.name = name
        self.tenant = tenant
        self.cooling = Cooling()
        self.room = Concurrency(least=LEAST, most=most)
        self.budget = RetryBudget()
        self.queue: FairQueue = _Queue(self)

    def leave(self) -> None:
        """A call is over: its room goes to who waits longest for a turn, or is free."""
        self.room.leave()
        if self.queue.waiting and not self.room.is_full and self.queue.grant():
            self.room.enter()


class Way:
    """One provider with one key for one model."""

    __slots__ = ("breaker", "key_ref", "latency", "model", "service")

    def __init__(self, service: Service, key_ref: str, model: str, rules: BreakerRules) -> None:
        self.service = service
        self.key_ref = key_ref
        self.model = model
        self.breaker = Breaker(rules)
        self.latency = PeakLatency()


class Visit:
    """One attempt on its way. Exactly one of the ends counts; those that come later do nothing."""

    __slots__ = ("_began", "_fleet", "_over", "answered_at", "tenant", "way")

    def __init__(self, fleet: Fleet, way: Way, began: float, tenant: str = "") -> None:
        self._fleet = fleet
        self._began = began
        self._over = False
        self.answered_at = 0.0  # when its answer began
        self.tenant = tenant  # who asks
        self.tenant = tenant  # whose call it is
        self.way = way

    def over(self, *, ok: bool, status: int) -> None:
        """The provider did its work, or failed at it."""
        if not self._over:
            self._over = True
            self._fleet.ended(self, ok, status, self._began)

    def left(self) -> None:
        """The client has gone, or the call was not sent: nothing is said of the provider."""
        if not self._over:
            self._over = True
            way = self.way
            way.latency.in_flight -= 1
            way.breaker.leave()
            way.service.leave()


class Fleet:
    """All services, and the ways to them that were taken lately."""

    def __init__(
        self, clock: Clock, rules: FleetRules, *, health: Health | None = None,
        changed: Callable[[Change], None] | None = None,
    ) -> None:  # fmt: skip
        self._clock = clock
        self.rules = rules
        self._health = health
        self.changed = changed
        self._services: dict[tuple[str, str], Service] = {}
        self._ways: dict[WayKey, Way] = {}

    def service(self, provider: Named) -> Service:
        key = (provider.tenant, provider.name)
        found = self._services.get(key)
        if found is None:
            most = (self.rules.most or {}).get(provider.name, self.rules.most_each)
            found = self._services[key] = Service(provider.name, provider.tenant, most)
        return found

    def way(self, provider: Named, key_ref: str, model: str) -> Way:
        key = (f"{provider.tenant}/{provider.name}" if provider.tenant else provider.name, key_ref, model)
        found = self._ways.get(key)
        if found is None:
            if len(self._ways) >= MAX_WAYS:
                self._make_room()
            found = Way(self.service(provider), key_ref, model, self.rules.breaker)
            self._ways[key] = found
        return found

    def enter(self, way: Way, now: float, tenant: str = "") -> Visit:
        """A call is sent this way, whose breaker was asked before; room was taken for it."""
        way.latency.in_flight += 1
        return Visit(self, way, now, tenant)

    def ended(self, visit: Visit, ok: bool, status: int, began: float) -> None:
        now = self._clock.monotonic()
        way, service = visit.way, visit.way.service
        way.latency.in_flight -= 1
        took = (visit.answered_at or now) - began
        way.latency.note(now, took)
        if ok:
            service.room.answered()
            service.cooling.wake(way.key_ref, way.model)
        elif status in OVERLOADED:
            service.room.too_much(now)
        if way.breaker.note(now, ok=ok or status == 429):  # a limit that is reached is no illness
            self._tell(way, now)
        service.leave()
        if self._health is not None:
            name = f"{service.tenant}/{service.name}" if service.tenant else service.name
            self._health.note(
                name, way.key_ref, way.model, ok=ok, status=status, latency_s=took, tenant=visit.tenant
            )  # fmt: skip

    def cool(self, way: Way, status: int, told_s: float | None) -> None:
        """The way's key is over its limit (429), or not accepted (401, 402, 403)."""
        limited = status == 429  # providers count calls by model; a key that is not accepted is so for all
        seconds = told_s if told_s is not None else LIMITED_S if limited else REFUSED_S
        now = self._clock.monotonic()
        way.service.cooling.rest(way.key_ref, now, seconds, model=way.model if limited else "")

    def breakers(self, tenant: str | None = None) -> list[dict[str, Any]]:
        """What the ways look like, for people. `tenant`: only the server's and this tenant's own."""
        now = self._clock.monotonic()
        return [
            _shown(way, now) for way in self._ways.values()
            if tenant is None or way.service.tenant in ("", tenant)
        ]  # fmt: skip

    def state_of(self, name: str, tenant: str = "") -> State:
        """The worst state among the ways of a provider that were taken lately: open only when none is closed."""
        states = {
            way.breaker.state for way in self._ways.values()
            if way.service.name == name and way.service.tenant == tenant
        }  # fmt: skip
        if not states or states == {"closed"}:
            return "closed"
        return "open" if states == {"open"} else "half_open"

    def reset(self, name: str = "", tenant: str = "") -> int:
        """Close the circuits of one provider, or of all; how many were not closed."""
        count = 0
        now = self._clock.monotonic()
        for way in self._ways.values():
            fits = way.service.tenant == tenant and name in ("", way.service.name)
            if fits and way.breaker.state != "closed":
                way.breaker.reset()
                self._tell(way, now)
                count += 1
        return count

    def rooms(self) -> list[dict[str, Any]]:
        """How full the services are."""
        return [
            {
                "provider": each.name, "in_flight": each.room.in_flight, "limit": each.room.limit,
                "waiting": each.queue.waiting, "retries_denied": each.budget.denied,
            }
            for each in self._services.values()
        ]  # fmt: skip

    def _tell(self, way: Way, now: float) -> None:
        state = way.breaker.state
        if self.changed is not None and state != "half_open":
            calls, rate = way.breaker.rate(now)
            service = way.service
            self.changed(Change(service.name, service.tenant, way.key_ref, way.model, state, calls, rate))

    def _make_room(self) -> None:
        """Forget the oldest ways that are well and not in use; else the oldest that are not in use."""
        idle = [key for key, way in self._ways.items() if not way.latency.in_flight]
        well = [key for key in idle if self._ways[key].breaker.state == "closed"]
        for key in (well or idle or list(self._ways))[: MAX_WAYS // 8]:
            del self._ways[key]


def _shown(way: Way, now: float) -> dict[str, Any]:
    calls, rate = way.breaker.rate(now)
    return {
        "provider": way.service.name, "key": way.key_ref, "model": way.model, "state": way.breaker.state,
        "calls": calls, "error_rate": round(rate, 4), "opened": way.breaker.opened,
        "retry_in_s": round(way.breaker.retry_in(now), 3), "in_flight": way.latency.in_flight,
        "latency_ms": round(way.latency.seconds * 1000, 3),
        "cooling_s": round(way.service.cooling.left_s(way.key_ref, way.model, now), 3),
    }  # fmt: skip
