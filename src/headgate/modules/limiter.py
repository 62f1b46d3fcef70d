"""Taking of several limits at once: an estimate before a call, settled by what the call really used."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from headgate.call.call import Call, Reply
from headgate.kernel.errors import RateLimited
from headgate.modules.limits import Limit, Rule
from headgate.store.fast import FastStore, Taken

Held = tuple[Rule, str, int]  # what a call has taken of one limit, under which key


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
        take, now = self._fast.take, self._now()
        for rule in self._rules:
            key = rule.key(call)
            if key is not None:
                cost = rule.estimate(call)
                taken = take(key, rate_per_minute=rule.rate, burst=rule.burst, now=now, cost=cost)
                if not taken.allowed:
                    for each in held:
                        self._charge(each, -each[2])
                    call.notes["rate"] = taken
                    raise refusal(taken, rule.limit)
                note_rate(call, taken)
                held.append((rule, key, cost))
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
                    key, rate_per_minute=rule.rate, burst=rule.burst, now=self._now(), cost=cost
                )
                if not taken.allowed:
                    for each in held:
                        await self._charge_wait(each, -each[2])
                    call.notes["rate"] = taken
                    raise refusal(taken, rule.limit)
                note_rate(call, taken)
                held.append((rule, key, cost))
        if held:
            call.notes[self._note] = held

    def corrections(self, call: Call, reply: Reply) -> list[Held]:
        """What is to be charged, or given back when it is negative, now that the call is over."""
        held: list[Held] | None = call.notes.pop(self._note, None)
        if not held:
            return []
        spent = reply.route == "live" and bool(reply.provider)
        if spent and not reply.usage.known:
            return []  # nobody told: the estimate stands
        found: list[Held] = []
        for rule, key, cost in held:
            if rule.is_of_tokens:  # a request was made, whatever came of it
                difference = (rule.actual(reply.usage) if spent else 0) - cost
                if difference:
                    found.append((rule, key, difference))
        return found

    def settle(self, call: Call, reply: Reply) -> None:
        for each in self.corrections(call, reply):
            self._charge(each, each[2])

    async def settle_wait(self, corrections: Sequence[Held]) -> None:
        for each in corrections:
            await self._charge_wait(each, each[2])

    def _charge(self, held: Held, cost: int) -> None:
        rule, key, _ = held
        self._fast.charge(key, rate_per_minute=rule.rate, burst=rule.burst, now=self._now(), cost=cost)

    async def _charge_wait(self, held: Held, cost: int) -> None:
        rule, key, _ = held
        await self._fast.charge_wait(
            key, rate_per_minute=rule.rate, burst=rule.burst, now=self._now(), cost=cost
        )


def note_rate(call: Call, taken: Taken) -> None:
    """The tightest of several limits is what the headers tell."""
    best: Taken | None = call.notes.get("rate")
    if best is None or taken[2] * best[1] < best[2] * taken[1]:  # remaining of limit
        call.notes["rate"] = taken


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
