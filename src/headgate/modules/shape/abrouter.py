"""Split calls between models by weight, and keep each user or session on its side."""

from __future__ import annotations

from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Tools
from headgate.modules.callers import Sticky, share
from headgate.modules.wildcards import Wildcards


class Variant(BaseModel):
    """One side of an experiment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field("", max_length=100, description="How the run calls it; empty: as its model.")
    weight: float = Field(1.0, ge=0, le=1_000_000, description="Its share, beside those of the others.")
    model: str = Field("", description="The model that is asked; empty leaves the one that was asked for.")
    provider: str = Field("", description="The provider that is asked; empty: whoever has the model.")


class Experiment(BaseModel):
    """Which calls are split, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        min_length=1,
        max_length=100,
        description="How the run calls it; decides with the user which side he is on.",
    )
    match: tuple[str, ...] = Field(("*",), description="Models it is about, with * for any rest.")
    sticky: Sticky = Field("user", description="Who stays on his side: user, session, or nobody (call).")
    variants: tuple[Variant, ...] = Field(min_length=1, max_length=50, description="The sides.")

    @model_validator(mode="after")
    def _has_weight(self) -> Experiment:
        if sum(variant.weight for variant in self.variants) <= 0:
            raise ValueError("one of the variants needs a weight")
        return self


class Config(ModuleConfig):
    enabled: bool = False
    experiments: tuple[Experiment, ...] = Field(
        (), max_length=100, description="The first whose models fit is taken."
    )
    new_model: str = Field("", description="A canary: this model gets `traffic_pct` percent of all calls.")
    traffic_pct: float = Field(5.0, ge=0, le=100, description="Percent of the calls that go to `new_model`.")

    @model_validator(mode="before")
    @classmethod
    def _list_of_names(cls, given: Any) -> Any:
        """`match` may be one pattern."""
        if isinstance(given, dict):
            for row in cast("dict[str, Any]", given).get("experiments") or ():
                if isinstance(row, dict) and isinstance(cast("dict[str, Any]", row).get("match"), str):
                    row["match"] = [row["match"]]
        return cast(object, given)


class AbRouter(Module[Config]):
    spec = Spec(
        "abrouter", "routing", Phase.SHAPE, "Splits calls between models, by weight and the same for each user.",
        ("canarydeploy", "ab_router", "canary"),
    )  # fmt: skip
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        experiments = list(config.experiments)
        if config.new_model:
            sides = (
                Variant(name="canary", weight=config.traffic_pct, model=config.new_model, provider=""),
                Variant(name="stable", weight=100 - config.traffic_pct, model="", provider=""),
            )
            experiments.append(Experiment(name="canary", match=("*",), sticky="user", variants=sides))
        self._experiments = [(each, Wildcards(each.match)) for each in experiments]

    @override
    def on_request(self, call: Call) -> Reply | None:
        for experiment, models in self._experiments:
            if models.match(call.model) is not None:
                self._assign(call, experiment)
                return None
        return None

    def _assign(self, call: Call, experiment: Experiment) -> None:
        at = share(call, experiment.name, experiment.sticky) * sum(
            each.weight for each in experiment.variants
        )
        chosen = experiment.variants[-1]
        for variant in experiment.variants:
            at -= variant.weight
            if at < 0:
                chosen = variant
                break
        model = chosen.model or call.model
        told = {
            "experiment": experiment.name,
            "variant": chosen.name or model,
            "from": call.model,
            "to": model,
        }
        call.explanation["abrouter"] = told
        call.notes.setdefault("metadata", {})["experiment"] = {
            "name": experiment.name,
            "variant": told["variant"],
        }
        call.model = model
        if chosen.provider:
            call.notes["targets"] = ((chosen.provider, model),)
