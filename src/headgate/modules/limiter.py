"""Taking of several limits at once: an estimate before a call, settled by what the call really used."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from headgate.call.call import Call, Reply
from headgate.kernel.errors import RateLimited
from headgate.modules.limits import Limit, Rule
from headgate.store.fast import FastStore, Taken


class Held(NamedTuple):
    """What a call has taken of one limit and what it was for."""

    rule: Rule
    key: str
    cost: int


class Limiter:
    """Several limits at once: a call passes all of them, or takes of none."""

    def __init__(self, rules: Sequence[Rule], fast: FastStore, now: Callable[[], float], note: str) -> None:
        self._rules = rules
        self._fast = fast
        self._now = now
        self._note = note  # under which the call remembers what it took

    def take(self, call: Call) -> None:
        """Take what the call is expected to use. Raises RateLimited, and then nothing is taken."""
        held: list[Held] = []
        for rule in self._rules:
            key = rule.key(call)
            if key is not None:
                cost = rule.estimate(call)
                taken = self._fast.take(
                    key, rate_per_minute=rule.limit.rate, burst=rule.burst, now=self._now(), cost=cost
                )
                self._judge(call, rule, taken, held)
                held.append(Held(rule, key, cost))
        if held:
            call.notes[self._note] = held

    async def take_wait(self, call: Call) -> None:
        """The same with a store that is shared."""
        held: list[Held] = []
        for rule in self._rules:
            key = rule.key(call)
            if key is not None:
                cost = rule.estimate(call)
                taken = await self._fast.take_wait(
                    key, rate_per_minute=rule.limit.rate, burst=rule.burst, now=self._now(), cost=cost
                )
                if not taken.allowed:
                    for each in held:
                        await self._fast.charge_wait(each.key, **self._args(each.rule, -each.cost))
                    held = []
                self._judge(call, rule, taken, held)
                held.append(Held(rule, key, cost))
        if held:
            call.notes[self._note] = held

    def corrections(self, call: Call, reply: Reply) -> list[tuple[str, dict[str, Any]]]:
        """What is to be charged, or given back, now that the call is over: arguments of `charge`."""
        held: list[Held] | None = call.notes.pop(self._note, None)
        if not held:
            return []
        spent = reply.route == "live" and bool(reply.provider)
        found: list[tuple[str, dict[str, Any]]] = []
        for rule, key, cost in held:
            if rule.limit.what == "requests" or (spent and not reply.usage.known):
                continue  # a request was made; of tokens nobody told, the estimate stands
            difference = (rule.actual(reply.usage) if spent else 0) - cost
            if difference:
                found.append((key, self._args(rule, difference)))
        return found

    def settle(self, call: Call, reply: Reply) -> None:
        for key, given in self.corrections(call, reply):
            self._fast.charge(key, **given)

    async def settle_wait(self, corrections: Sequence[tuple[str, dict[str, Any]]]) -> None:
        for key, given in corrections:
            await self._fast.charge_wait(key, **given)

    def _args(self, rule: Rule, cost: int) -> dict[str, Any]:
        return {"rate_per_minute": rule.limit.rate, "burst": rule.burst, "now": self._now(), "cost": cost}

    def _judge(self, call: Call, rule: Rule, taken: Taken, held: Sequence[Held]) -> None:
        best: Taken | None = call.notes.get("rate")
        if best is None or not taken.allowed or taken.remaining * best.limit < best.remaining * taken.limit:
            call.notes["rate"] = taken  # the tightest is what the headers tell
        if taken.allowed:
            return
        for each in held:
            self._fast.charge(each.key, **self._args(each.rule, -each.cost))
        raise refusal(taken, rule.limit)


def refusal(taken: Taken, limit: Limit) -> RateLimited:
    """A call came too soon: the error with the headers that say when to come again."""
    wait_s = max(1, math.ceil(min(taken.retry_after_s, 86_400)))
    return RateLimited(
        f"Too many {limit.what.replace('_', ' ')}: {limit.rate} a minute are allowed. Try again in {wait_s} s.",
        headers={
            "Retry-After": str(wait_s), "X-RateLimit-Limit": str(taken.limit),
            "X-RateLimit-Remaining": str(taken.remaining), "X-RateLimit-Reset": str(math.ceil(taken.reset_s)),
        },
        retryAfterSeconds=wait_s, limit=limit.what,
    )  # fmt: skip
