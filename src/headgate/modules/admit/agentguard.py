"""A budget for one session of an agent: how many calls, how much money, how long."""

from __future__ import annotations

import asyncio
from typing import cast

from pydantic import AliasChoices, Field, field_validator
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Tools
from headgate.kernel.errors import RateLimited
from headgate.kernel.money import to_usd
from headgate.kernel.tasks import Tasks
from headgate.store.fast import FastStore

REMOTE_WAIT_S = 0.05
MICRO = 1_000_000  # pico-dollars in a micro-dollar
NOTE = "agentguard.key"
UNIT = 1_000_000  # money is counted in micro-dollars


class Config(ModuleConfig):
    enabled: bool = False
    max_calls: int = Field(100, ge=0, description="Calls of one session; 0 is no limit.")
    max_cost_usd: float = Field(
        5.0, validation_alias=AliasChoices("max_cost_usd", "max_cost"), ge=0, le=1_000_000,
        description="Dollars of one session; 0 is no limit. The call that passes it is still answered.",
    )  # fmt: skip
    max_duration_s: float = Field(
        1800.0, validation_alias=AliasChoices("max_duration_s", "max_duration"), ge=0, le=2_592_000,
        description="Seconds from the first call of a session to its last; 0 is no limit.",
    )  # fmt: skip
    session_header: str = Field(
        "x-session-id",
        max_length=100,
        description="The header that names the session. Calls without it are not counted.",
    )
    forget_after_s: float = Field(
        86_400.0, ge=60, le=2_592_000, description="When a session is forgotten, after its first call."
    )

    @field_validator("max_duration_s", mode="before")
    @classmethod
    def _from_words(cls, value: object) -> object:
        """`30m` and `2h` are understood too."""
        if isinstance(value, str) and value[:-1].isdigit() and value[-1:] in "smh":
            return int(value[:-1]) * {"s": 1, "m": 60, "h": 3600}[value[-1]]
        return value


class AgentGuard(Module[Config]):
    spec = Spec(
        "agentguard", "safety", Phase.ADMIT, "Stops the session of an agent that calls too often, too long or too dear.",
        ("agent_guard",), waits=True,
    )  # fmt: skip
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._fast = cast(FastStore, tools.fast)
        self._now = tools.clock.now
        self.may_wait = self._fast.is_remote
        self._max_micro = config.max_cost_usd * UNIT
        self._header = config.session_header.lower().encode()

    @override
    def on_request(self, call: Call) -> Reply | None:
        if self.may_wait or (key := self._key(call)) is None:
            return None
        fast, config, now = self._fast, self.config, self._now()
        ttl_s = config.forget_after_s
        if config.max_cost_usd and (spent := fast.count(key + ":cost", now=now)) >= self._max_micro:
            self._judge_cost(spent)
        if config.max_duration_s:
            began = fast.get(key + ":since", now=now)
            if began is None:
                fast.put(key + ":since", str(now).encode(), ttl_s=ttl_s, now=now)
            else:
                self._judge_age(now - float(began))
        if config.max_calls:
            self._judge_calls(fast.add(key + ":calls", 1, ttl_s=ttl_s, now=now))
        call.notes[NOTE] = key
        return None

    @override
    def must_wait(self, call: Call) -> bool:
        return self.may_wait and self._key(call) is not None

    @override
    async def wait_request(self, call: Call) -> Reply | None:
        key = self._key(call)
        assert key is not None
        fast, now, ttl_s = self._fast, self._now(), self.config.forget_after_s
        async with asyncio.timeout(REMOTE_WAIT_S):
            self._judge_cost(await fast.count_wait(key + ":cost", now=now))
            began = await fast.get_wait(key + ":since", now=now)
            if began is None:
                await fast.put_wait(key + ":since", str(now).encode(), ttl_s=ttl_s, now=now)
            self._judge_age(now - float(began or now))
            self._judge_calls(await fast.add_wait(key + ":calls", 1, ttl_s=ttl_s, now=now))
        call.notes[NOTE] = key
        return None

    @override
    def on_done(self, call: Call, reply: Reply) -> None:
        key: str | None = call.notes.get(NOTE)
        if key is None or not reply.cost_pico or not self.config.max_cost_usd:
            return
        amount, ttl_s = -(-reply.cost_pico // MICRO), self.config.forget_after_s
        if self.may_wait:
            work = self._fast.add_wait(key + ":cost", amount, ttl_s=ttl_s, now=self._now())
            cast(Tasks, self.tools.hot["tasks"]).spawn(work, name="agentguard.cost")
        else:
            self._fast.add(key + ":cost", amount, ttl_s=ttl_s, now=self._now())

    def _key(self, call: Call) -> str | None:
        session = call.headers.get(self._header)
        if not session or call.role == "shadow":
            return None
        tenant = call.caller.tenant
        return f"agent:{len(tenant)}:{tenant}:{len(call.app)}:{call.app}:{session.decode('latin-1')[:200]}"

    def _judge_cost(self, spent: int) -> None:
        limit = self.config.max_cost_usd
        if limit and spent >= limit * UNIT:
            raise _over(f"This session has spent {to_usd(spent * MICRO)} of its {limit} dollars.", "cost")

    def _judge_age(self, age_s: float) -> None:
        limit = self.config.max_duration_s
        if limit and age_s > limit:
            raise _over(f"This session is older than its {limit:g} seconds.", "duration")

    def _judge_calls(self, calls: int) -> None:
        if self.config.max_calls and calls > self.config.max_calls:
            raise _over(f"This session has made its {self.config.max_calls} calls.", "calls")


def _over(message: str, limit: str) -> RateLimited:
    return RateLimited(message, headers={"Retry-After": "86400", "x-should-retry": "false"}, limit=limit)
