"""Refuse a caller who calls too often, or uses too many tokens."""

from __future__ import annotations

import asyncio
import math
from typing import cast

from pydantic import AliasChoices, Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Tools
from headgate.kernel.errors import RateLimited
from headgate.kernel.tasks import Tasks
from headgate.modules.callers import WHO, Who
from headgate.modules.limiter import Limiter
from headgate.modules.limits import Limit, Rule
from headgate.store.fast import FastStore, Taken

REMOTE_WAIT_S = 0.05
HELD = "rateshield.held"


class CallerLimit(Limit):
    """A rate for each of those who call."""

    per: Who = Field(
        "key", description="Who is counted: key, user, app, project, session, agent, ip or tenant."
    )


class Config(ModuleConfig):
    rpm: int = Field(
        600, validation_alias=AliasChoices("rpm", "requests_per_minute"), ge=0, le=60_000_000,
        description="Calls a minute for each caller, spread evenly; 0 is no limit.",
    )  # fmt: skip
    burst: int = Field(0, ge=0, description="How many of them may come at once; 0 means as many as `rpm`.")
    limits: tuple[CallerLimit, ...] = Field(
        (),
        max_length=20,
        description="More limits: of requests or tokens, per key, user, app, project, session, ip or tenant.",
    )


class RateShield(Module[Config]):
    spec = Spec(
        "rateshield",
        "safety",
        Phase.ADMIT,
        "Limits how many calls and tokens a minute each caller may have.",
        ("ratelimit",),
        waits=True,
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._fast = cast(FastStore, tools.fast)
        self._now = tools.clock.now
        self.may_wait = self._fast.is_remote
        self._burst = config.burst or config.rpm
        rules = [
            Rule(limit, f"limit:{number}:{limit.what}:{limit.per}", WHO[limit.per])
            for number, limit in enumerate(config.limits)
        ]
        self._limiter = Limiter(rules, self._fast, self._now, HELD) if rules else None

    @override
    def on_request(self, call: Call) -> Reply | None:
        if self.may_wait or call.role == "shadow":
            return None
        if self.config.rpm:
            self._judge(
                call,
                self._fast.take(
                    _key(call), rate_per_minute=self.config.rpm, burst=self._burst, now=self._now()
                ),
            )
        if self._limiter is not None:
            self._limiter.take(call)
        return None

    @override
    def must_wait(self, call: Call) -> bool:
        return self.may_wait and (self.config.rpm > 0 or self._limiter is not None) and call.role != "shadow"

    @override
    async def wait_request(self, call: Call) -> Reply | None:
        async with asyncio.timeout(REMOTE_WAIT_S):
            if self.config.rpm:
                taken = await self._fast.take_wait(
                    _key(call), rate_per_minute=self.config.rpm, burst=self._burst, now=self._now()
                )
                self._judge(call, taken)
            if self._limiter is not None:
                await self._limiter.take_wait(call)
        return None

    @override
    def on_done(self, call: Call, reply: Reply) -> None:
        if HELD not in call.notes or self._limiter is None:
            return
        if not self.may_wait:
            self._limiter.settle(call, reply)
        elif corrections := self._limiter.corrections(call, reply):
            tasks = cast(Tasks, self.tools.hot["tasks"])
            tasks.spawn(self._limiter.settle_wait(corrections), name="rateshield.settle")

    def _judge(self, call: Call, taken: Taken) -> None:
        """Refuse; the chain turns the refusal of an observe key into a note."""
        call.notes["rate"] = taken
        if not taken.allowed:
            wait_s = max(1, math.ceil(taken.retry_after_s))
            raise RateLimited(
                f"Too many calls: this caller may make {self.config.rpm} a minute. Try again in {wait_s} s.",
                headers={
                    "Retry-After": str(wait_s), "X-RateLimit-Limit": str(taken.limit),
                    "X-RateLimit-Remaining": str(taken.remaining), "X-RateLimit-Reset": str(math.ceil(taken.reset_s)),
                },
                retryAfterSeconds=wait_s,
            )  # fmt: skip


def _key(call: Call) -> str:
    """Who is counted: the key, or without one the app."""
    caller = call.caller
    return f"rate:{len(caller.tenant)}:{caller.tenant}:{caller.key_id or f'app:{call.app}'}"
