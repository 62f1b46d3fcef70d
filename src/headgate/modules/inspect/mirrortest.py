"""Show another model what this one was asked: a sample of calls is asked again, beside them, as a run of its own."""

from __future__ import annotations

import asyncio
from typing import cast

from pydantic import AliasChoices, Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Stance, Tools
from headgate.call.ports import Ask, CallPort
from headgate.kernel.errors import GatewayError
from headgate.kernel.logging import get_log
from headgate.kernel.tasks import Tasks as Running
from headgate.modules.branches import SPEAKING, ask_of
from headgate.modules.callers import share
from headgate.modules.wildcards import Wildcards

log = get_log("modules")


class Config(ModuleConfig):
    enabled: bool = False
    shadow_model: str = Field("", description="The model that is asked too; empty: none.")
    sample_rate: float = Field(0.05, ge=0, le=1, description="The share of calls that are mirrored.")
    models: tuple[str, ...] = Field(
        ("*",),
        validation_alias=AliasChoices("models", "match"),
        description="Calls of these models, with * for any rest.",
    )
    max_in_flight: int = Field(
        8, ge=1, le=1000, description="More at a time are left out, and the run says so."
    )
    timeout_s: float = Field(120.0, gt=0, le=600, description="How long a mirrored call may take.")


class MirrorTest(Module[Config]):
    # its calls cost what they cost: they count in spend and caps of the caller like others, under their parent's run
    spec = Spec(
        "mirrortest", "observe", Phase.INSPECT, "Asks a second model a sample of what the first was asked.", ("shadow", "mirror"),
        stance=Stance.SKIP,
    )  # fmt: skip
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._models = Wildcards(config.models)
        self._in_flight = 0

    @override
    def on_done(self, call: Call, reply: Reply) -> None:
        config = self.config
        if (
            not config.shadow_model
            or call.role
            or reply.status != 200
            or reply.route != "live"
            or call.wire not in SPEAKING
        ):
            return
        if self._models.match(call.view.model) is None or share(call, "mirror") >= config.sample_rate:
            return
        if self._in_flight >= config.max_in_flight:
            call.explanation["mirror"] = {"model": config.shadow_model, "left_out": "too many at a time"}
            return
        call.explanation["mirror"] = {"model": config.shadow_model}
        self._in_flight += 1
        running = cast(Running, self.tools.hot["tasks"])
        running.spawn(self._ask(ask_of(call, config.shadow_model, "shadow")), name="mirrortest")

    async def _ask(self, ask: Ask) -> None:
        try:
            async with asyncio.timeout(self.config.timeout_s):
                await cast(CallPort, self.tools.hot["calls"]).ask(ask)
        except (GatewayError, TimeoutError) as error:
            log.info("mirror.failed", parent=ask.parent_run, error=repr(error))
        finally:
            self._in_flight -= 1
