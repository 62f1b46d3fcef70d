"""Fail on purpose, now and then: errors, delays and streams that break, to try how an application bears them."""

from __future__ import annotations

import asyncio
import secrets
from typing import cast

from pydantic import Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, StreamFilter
from headgate.kernel.errors import GatewayError, ProviderError, RateLimited, Unavailable

DELAY = "chaosllm.delay"
GRAIN = 1_000_000


class Config(ModuleConfig):
    enabled: bool = False
    error_rate: float = Field(0.1, ge=0, le=1, description="The share of calls that fail.")
    statuses: tuple[int, ...] = Field(
        (502, 503, 429), min_length=1, description="With what: of 429, 500, 502 and 503."
    )
    latency_rate: float = Field(0.0, ge=0, le=1, description="The share of calls that are delayed.")
    latency_ms: int = Field(1000, ge=0, le=600_000, description="By how much.")
    cut_rate: float = Field(0.0, ge=0, le=1, description="The share of streams that break in their middle.")
    cut_after: int = Field(3, ge=1, le=10_000, description="After how many events.")


class ChaosLlm(Module[Config]):
    spec = Spec(
        "chaosllm",
        "observe",
        Phase.ANSWER,
        "Makes calls fail, wait or break on purpose.",
        ("chaos",),
        waits=True,
        spreads=True,
    )
    Config = Config

    @override
    def on_request(self, call: Call) -> Reply | None:
        if _falls(self.config.latency_rate) and self.config.latency_ms:
            call.notes[DELAY] = self.config.latency_ms / 1000
        elif _falls(self.config.error_rate):
            self._fail(call)
        return None

    @override
    def must_wait(self, call: Call) -> bool:
        return DELAY in call.notes

    @override
    async def wait_request(self, call: Call) -> Reply | None:
        delay_s = cast(float, call.notes.pop(DELAY))
        call.explanation["chaos"] = {"delayMs": int(delay_s * 1000)}
        await asyncio.sleep(delay_s)
        if _falls(self.config.error_rate):
            self._fail(call)
        return None

    @override
    def stream_filter(self, call: Call) -> StreamFilter | None:
        if call.role or not _falls(self.config.cut_rate):
            return None
        call.explanation["chaos"] = {"cutAfter": self.config.cut_after}
        return _Cut(self.config.cut_after)

    def _fail(self, call: Call) -> None:
        status = secrets.choice(self.config.statuses)
        call.explanation["chaos"] = {"status": status}
        message = "The module chaosllm made this call fail."
        if status == 429:
            raise RateLimited(message, headers={"Retry-After": "1"}, chaos=True)
        if status == 503:
            raise Unavailable(message, chaos=True)
        raise ProviderError(message, chaos=True) if status == 502 else GatewayError(message, chaos=True)


class _Cut(StreamFilter):
    """Lets some events pass and then breaks the stream."""

    def __init__(self, after: int) -> None:
        self._left = after

    @override
    def feed(self, events: list[bytes]) -> list[bytes]:
        if len(events) > self._left:
            raise ProviderError("The module chaosllm broke this stream.", chaos=True)
        self._left -= len(events)
        return events


def _falls(rate: float) -> bool:
    return rate > 0 and secrets.randbelow(GRAIN) < rate * GRAIN
