"""Warn of a call that will be dear, and refuse one that will be dearer."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import cast

from pydantic import Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Stance, Tools
from headgate.kernel.errors import BadRequest
from headgate.kernel.money import from_usd, header_usd, to_usd
from headgate.providers.prices import PriceBook
from headgate.record.spend.hot import likely_cost, output_limit

CENTS = Decimal(100)


class Config(ModuleConfig):
    enabled: bool = False
    warn_cents: Decimal = Field(
        Decimal(50), ge=0, description="Estimated cents from which a call is warned of; 0 is never."
    )
    block_cents: Decimal = Field(
        Decimal(500), ge=0, description="Estimated cents from which a call is refused; 0 is never."
    )


class TooDear(BadRequest):
    """The call would cost more than one call may. Asking again changes nothing; fewer tokens do."""

    code = "cost_too_high"


class CostWarn(Module[Config]):
    spec = Spec(
        "costwarn", "cost", Phase.ADMIT, "Estimates each call and warns of dear ones or refuses them.",
        ("costpredict", "cost_warn"), stance=Stance.SKIP, waits=True,
    )  # fmt: skip
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._warn = from_usd(config.warn_cents / CENTS) or math.inf
        self._block = from_usd(config.block_cents / CENTS) or math.inf

    @property
    def _prices(self) -> PriceBook:
        return cast(PriceBook, self.tools.hot["prices"])

    @override
    def must_wait(self, call: Call) -> bool:
        provider = self._provider(call)
        if not self._prices.knows(call.model, provider):
            return True
        self._judge(call, provider)
        return False

    @override
    async def wait_request(self, call: Call) -> Reply | None:
        provider = self._provider(call)
        await self._prices.resolve(call.model, provider)
        self._judge(call, provider)
        return None

    def _provider(self, call: Call) -> str:
        return cast("Callable[[Call], str]", self.tools.hot["provider_of"])(call)

    def _judge(self, call: Call, provider: str) -> None:
        cost = likely_cost(call, self._prices, provider, call.model)
        if cost is None or cost < min(self._warn, self._block):
            return
        usd = header_usd(cost)
        if cost >= self._block:
            raise TooDear(
                f"This call may cost about ${usd}, and one call may cost ${self.config.block_cents / CENTS}. "
                "Ask for fewer tokens.", param="max_tokens", estimated_cost=to_usd(cost), max_tokens=output_limit(call),
            )  # fmt: skip
        call.notes["cost.warning"] = f"estimated ${usd}"  # for X-Stockyard-Cost-Warning
        call.warn(f"this call may cost about ${usd}")
