"""Find the caps that a call stands under. The money itself is held right before a model is asked: a free answer needs none."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Literal, cast

from pydantic import Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Tools
from headgate.kernel.money import from_usd
from headgate.record.spend.hot import Cap, Payer, Purse, Standing

LOAD_S = 15.0  # how long a call waits to learn what was spent; only the first one of a payer does


class Config(ModuleConfig):
    daily_limit_usd: Decimal = Field(
        Decimal(0),
        ge=0,
        le=1_000_000,
        description="What all calls together may cost in a day (UTC); 0 is no limit.",
    )
    monthly_limit_usd: Decimal = Field(
        Decimal(0),
        ge=0,
        le=10_000_000,
        description="What all calls together may cost in a month (UTC); 0 is no limit.",
    )
    action: Literal["block", "warn"] = Field(
        "block", description="Refuse a call that has no room, or only say so."
    )
    notify_at_pct: tuple[int, ...] = Field(
        (50, 80, 100),
        min_length=1,
        max_length=10,
        description="Per cent of these limits at which cost.threshold is sent.",
    )


class CostCap(Module[Config]):
    spec = Spec(
        "costcap", "cost", Phase.ADMIT, "Holds calls to the spend caps of project, user, key, tag and session.",
        ("spend", "caps", "cost_cap"), waits=True,
    )  # fmt: skip
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._purse = cast(Purse, tools.hot.get("purse"))
        self._limits = (from_usd(config.daily_limit_usd), from_usd(config.monthly_limit_usd))

    @override
    def must_wait(self, call: Call) -> bool:
        standings = self._purse.standings(call)
        if any(self._limits):
            standings = (self._own(call.tenant), *standings)
        if not standings:
            return False
        call.notes["caps"] = standings
        return not self._purse.ready(standings)

    @override
    async def wait_request(self, call: Call) -> Reply | None:
        async with asyncio.timeout(LOAD_S):
            await self._purse.prepare(call.notes["caps"])
        return None

    def _own(self, tenant: str) -> Standing:
        daily, monthly = self._limits
        soft, levels = self.config.action == "warn", tuple(sorted(self.config.notify_at_pct))
        return Standing(Payer(tenant, "tenant", ""), Cap(tenant, "tenant", "", daily, monthly, soft, levels))
