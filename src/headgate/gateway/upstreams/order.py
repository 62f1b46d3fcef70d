"""In which order the ways to answer a call are tried, and which are not tried at all, with the reason of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from headgate.call.call import Call
from headgate.call.policy import Policy
from headgate.gateway.upstreams.fleet import Fleet, Way
from headgate.gateway.upstreams.key_pool import affinity_of, draw, order_keys, rank
from headgate.providers.table import ProviderKey, Target

CACHING = frozenset(
    {"openai", "azure", "anthropic", "google", "vertex", "bedrock"}
)  # families with prompt caches


class Line(NamedTuple):
    """One way to answer: a target with one of its provider's keys."""

    target: Target
    key: ProviderKey | None
    caller_key: str | None
    way: Way


class Dropped(NamedTuple):
    """A line that is not tried, or only when nothing else is left."""

    line: Line
    why: str
    retry_in_s: float


class Plan(NamedTuple):
    """`lines` are tried from the front. `dropped` are out; `later` stand at the end of `lines` for the reasons given."""

    lines: list[Line]
    dropped: list[Dropped]
    later: list[Dropped]


class Planner:
    """Makes plans. `chance` gives numbers in [0, 1)."""

    def __init__(self, fleet: Fleet, chance: Callable[[], float]) -> None:
        self._fleet = fleet
        self._chance = chance

    def single(self, call: Call, target: Target) -> Line | None:
        """The only line there is for a target with at most one key; None when there are several."""
        provider = target.provider
        own = provider.caller_key(call.caller) if call.caller.provider_key is not None else None
        keys = provider.keys
        if own is None and len(keys) > 1:
            return None
        key = keys[0] if keys and own is None else None
        return Line(target, key, own, self._fleet.way(provider, _ref(key, own), target.upstream_model))

    def plan(self, call: Call, targets: Sequence[Target], policy: Policy, now: float) -> Plan:
        """All lines of all targets, best first."""
        affinity = self._affinity(call, targets, policy)
        lines: list[Line] = []
        for target in self._in_order(targets, policy, affinity, now):
            if (only := self.single(call, target)) is not None:
                lines.append(only)
                continue
            provider = target.provider
            pays = affinity if provider.family in CACHING else None
            keys = order_keys(provider.keys, pays, [self._chance() for _ in provider.keys])
            lines += [
                Line(target, key, None, self._fleet.way(provider, key.ref, target.upstream_model))
                for key in keys
            ]
        return _sorted_out(lines, now)

    def _affinity(self, call: Call, targets: Sequence[Target], policy: Policy) -> bytes | None:
        """Only where there is a choice that it can make."""
        choice = policy.strategy == "weighted" or any(len(each.provider.keys) > 1 for each in targets)
        if not policy.affinity or not choice:
            return None
        return affinity_of(call.body, f"{call.tenant}/{call.app}/".encode())

    def _in_order(
        self, targets: Sequence[Target], policy: Policy, affinity: bytes | None, now: float
    ) -> Sequence[Target]:
        if len(targets) == 1 or policy.strategy == "priority":
            return targets
        if policy.strategy == "least-latency":
            return self._by_latency(targets, now)
        pays = affinity if all(each.provider.family in CACHING for each in targets) else None
        places = {
            index: rank(pays, f"{each.provider.name}/{each.upstream_model}", each.weight)
            if pays is not None else draw(1.0 - self._chance(), each.weight)
            for index, each in enumerate(targets)
        }  # fmt: skip
        return [targets[index] for index in sorted(places, key=places.__getitem__)]

    def _by_latency(self, targets: Sequence[Target], now: float) -> Sequence[Target]:
        """The better of two drawn ones goes first, so that not everybody runs to the same; the others follow by load."""
        loads = [self._load(target, now) for target in targets]
        order = sorted(range(len(targets)), key=loads.__getitem__)
        one = int(self._chance() * len(targets))
        two = int(self._chance() * (len(targets) - 1))
        two += two >= one
        first = min(one, two, key=loads.__getitem__)
        return [targets[first], *(targets[index] for index in order if index != first)]

    def _load(self, target: Target, now: float) -> float:
        refs = [key.ref for key in target.provider.keys] or [""]
        ways = [self._fleet.way(target.provider, ref, target.upstream_model) for ref in refs]
        return min(way.latency.load(now) for way in ways)


def _ref(key: ProviderKey | None, own: str | None) -> str:
    return "caller" if own is not None else "" if key is None else key.ref


def _sorted_out(lines: list[Line], now: float) -> Plan:
    """Open circuits are out; full providers and keys that cool down come last, those that are ready soonest first."""
    good: list[Line] = []
    dropped: list[Dropped] = []
    later: list[Dropped] = []
    for line in lines:
        way = line.way
        if way.breaker.state != "closed" and not way.breaker.lets_pass(now):
            dropped.append(Dropped(line, "circuit open", way.breaker.retry_in(now)))
        elif left := way.service.cooling.left_s(way.key_ref, way.model, now):
            later.append(Dropped(line, "cooling down", left))
        elif way.service.room.is_full:
            later.append(Dropped(line, "full", 0.0))
        else:
            good.append(line)
    later.sort(key=lambda each: each.retry_in_s)
    return Plan(good + [each.line for each in later], dropped, later)
