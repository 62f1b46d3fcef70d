"""Stop what runs away: answers that take too long, grow too large or cost too much, and the same request again and again."""

from __future__ import annotations

import asyncio
import hashlib
from typing import cast

from pydantic import AliasChoices, Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.frames import Usage
from headgate.call.module import Module, ModuleConfig, Phase, Spec, StreamFilter, Tools
from headgate.kernel.errors import BadRequest, GatewayError, RateLimited
from headgate.kernel.money import to_usd
from headgate.modules.limits import BYTES_PER_TOKEN, max_output
from headgate.modules.meter import Meter
from headgate.providers.prices import PriceBook
from headgate.store.fast import FastStore

PICO = 10**12
REMOTE_WAIT_S = 0.05


class RunawayStopped(GatewayError):
    """An answer was cut off because it passed a bound of the module idlekill."""

    status = 400
    code = "runaway_stopped"
    kind = "invalid_request_error"


class Config(ModuleConfig):
    enabled: bool = False
    max_duration_s: float = Field(
        120.0, validation_alias=AliasChoices("max_duration_s", "max_duration"), ge=0, le=86_400,
        description="Seconds an answer may take; 0 is no limit.",
    )  # fmt: skip
    max_tokens: int = Field(
        50_000, validation_alias=AliasChoices("max_tokens", "max_tokens_per_request"), ge=0,
        description="Tokens of the request and of its answer together, estimated; 0 is no limit.",
    )  # fmt: skip
    max_cost_usd: float = Field(
        0.5, validation_alias=AliasChoices("max_cost_usd", "max_cost_per_request"), ge=0, le=1_000_000,
        description="Dollars one call may cost, estimated from its size; 0 is no limit.",
    )  # fmt: skip
    loop_detection: bool = Field(True, description="Refuse a request that comes again and again.")
    loop_window_s: float = Field(
        60.0, validation_alias=AliasChoices("loop_window_s", "loop_window"), ge=1, le=86_400,
        description="Within how many seconds repeats count.",
    )  # fmt: skip
    loop_threshold: int = Field(
        5, ge=1, le=1_000_000, description="How often the same request may come in that time."
    )


class IdleKill(Module[Config]):
    spec = Spec(
        "idlekill", "safety", Phase.ADMIT, "Stops calls that run too long, too large or too dear, and endless repeats.",
        ("loopguard", "loop_guard"), waits=True,
    )  # fmt: skip
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._fast = cast(FastStore, tools.fast)
        self._clock = tools.clock
        self.may_wait = self._fast.is_remote
        self._max_pico = int(config.max_cost_usd * PICO)

    @override
    def on_request(self, call: Call) -> Reply | None:
        config = self.config
        if config.max_duration_s:
            before: float = call.notes.get("deadline_s", config.max_duration_s)
            call.notes["deadline_s"] = min(before, config.max_duration_s)
        prompt = len(call.body) // BYTES_PER_TOKEN
        if config.max_tokens and prompt > config.max_tokens:
            raise BadRequest(
                f"The request has about {prompt} tokens; {config.max_tokens} are allowed.", tokens=prompt
            )
        if self._max_pico:
            self._check_cost(call, prompt)
        if config.loop_detection and call.role != "shadow" and not self.may_wait:
            times = self._fast.add(_loop_key(call), 1, ttl_s=config.loop_window_s, now=self._clock.now())
            self._judge_loop(times)
        return None

    @override
    def must_wait(self, call: Call) -> bool:
        return self.may_wait and self.config.loop_detection and call.role != "shadow"

    @override
    async def wait_request(self, call: Call) -> Reply | None:
        async with asyncio.timeout(REMOTE_WAIT_S):
            window_s = self.config.loop_window_s
            self._judge_loop(
                await self._fast.add_wait(_loop_key(call), 1, ttl_s=window_s, now=self._clock.now())
            )
        return None

    @override
    def stream_filter(self, call: Call) -> StreamFilter | None:
        prompt = len(call.body) // BYTES_PER_TOKEN
        return Meter(lambda size: self._check_stream(call, prompt, size // BYTES_PER_TOKEN))

    def _check_cost(self, call: Call, prompt: int) -> None:
        pico = self._cost(call, prompt, max_output(call, 0))
        if pico > self._max_pico:
            raise BadRequest(
                f"This call would cost about {to_usd(pico)} dollars; {self.config.max_cost_usd} are allowed.",
                param="max_tokens",
            )

    def _cost(self, call: Call, prompt: int, completion: int) -> int:
        """What is known of the price; 0 when nothing is. An unknown price is the business of caps."""
        prices = cast("PriceBook | None", self.tools.hot.get("prices"))
        usage = Usage(prompt, completion, known=True)
        return (prices.cost("", call.model, usage) or 0) if prices is not None else 0

    def _judge_loop(self, times: int) -> None:
        if times > self.config.loop_threshold:
            window_s = self.config.loop_window_s
            raise RateLimited(
                f"The same request came more than {self.config.loop_threshold} times in {window_s:g} s.",
                headers={"Retry-After": str(int(window_s)), "x-should-retry": "false"}, limit="loop",
            )  # fmt: skip

    def _check_stream(self, call: Call, prompt: int, completion: int) -> None:
        config, age_s = self.config, self._clock.monotonic() - call.t0
        if config.max_duration_s and age_s > config.max_duration_s:
            raise RunawayStopped(
                f"The answer took longer than {config.max_duration_s:g} s.", limit="duration"
            )
        if config.max_tokens and prompt + completion > config.max_tokens:
            raise RunawayStopped(
                f"Request and answer have more than {config.max_tokens} tokens.", limit="tokens"
            )
        if self._max_pico and self._cost(call, prompt, completion) > self._max_pico:
            raise RunawayStopped(f"The answer costs more than {config.max_cost_usd} dollars.", limit="cost")


def _loop_key(call: Call) -> str:
    """Equal requests of one caller for one app. The body is the request; whoever retries with a key is known by it."""
    caller = call.caller
    who = f"{caller.tenant}\0{caller.key_id}\0{call.app}\0{call.session}\0{call.endpoint}".encode()
    return f"loop:{hashlib.blake2b(who + call.body, digest_size=16).hexdigest()}"
