"""Keep a call in its region: a header names the region, and only that region's provider is asked."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Stance, Tools
from headgate.kernel.errors import BadRequest


class Route(BaseModel):
    """Where calls of one region go."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: str = Field(min_length=1, max_length=100, description="The value of the header.")
    provider: str = Field(min_length=1, max_length=100, description="The only provider that is asked.")
    model: str = Field("", description="Its name for the model; empty: as it was asked for.")


class Config(ModuleConfig):
    enabled: bool = False
    header: str = Field("x-region", max_length=100, description="The header that names the region.")
    routes: tuple[Route, ...] = Field((), max_length=200, description="Where calls of each region go.")
    default: str = Field(
        "", description="The region of calls without the header; empty: they are not routed."
    )
    strict: bool = Field(
        False, description="Refuse a region that has no route, instead of leaving the call as it is."
    )


class RegionRoute(Module[Config]):
    # a call must not leave its region because this module broke
    spec = Spec(
        "regionroute", "routing", Phase.SHAPE, "Sends calls to the provider of their region.", ("region_route",),
        stance=Stance.BLOCK,
    )  # fmt: skip
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._header = config.header.lower().encode()
        self._routes = {route.region.lower(): route for route in config.routes}

    @override
    def on_request(self, call: Call) -> Reply | None:
        region = (
            call.headers.get(self._header, b"").decode("latin-1").strip().lower()
            or self.config.default.lower()
        )
        if not region:
            return None
        route = self._routes.get(region)
        if route is None:
            if self.config.strict:
                raise BadRequest(
                    f"There is no route for the region {region[:100]!r}.", param=self.config.header
                )
            return None
        model = route.model or call.model
        call.explanation["region"] = {"region": route.region, "provider": route.provider}
        call.model = model
        call.notes["targets"] = ((route.provider, model),)
        return None
