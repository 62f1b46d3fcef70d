"""Say where a call goes when its provider fails, how often it is asked again, and how long all of that may take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Tools
from headgate.call.policy import Policy, QueueTerms, Strategy
from headgate.modules.wildcards import Wildcards

TALKING = frozenset({
    "openai.chat", "openai.completions", "openai.responses", "anthropic.messages", "google.generate",
})  # fmt: skip


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Step(_Part):
    """One provider, and what to ask of it."""

    provider: str = Field(min_length=1, max_length=100)
    model: str = Field("", max_length=200, description="Empty: the model that the call asks for.")
    weight: int = Field(1, ge=0, le=1000)


class Chain(_Part):
    """Where calls for some models go."""

    models: tuple[str, ...] = Field(min_length=1, description="Models it is for, `*` for any rest.")
    chain: tuple[Step, ...] = Field(min_length=1, max_length=20)


class Queue(_Part):
    """Wait for room at a full provider, callers in turns, instead of a 429."""

    wait_s: float = Field(30.0, gt=0, le=600)
    max_bytes: int = Field(64 * 2**20, ge=1024)
    max_waiting: int = Field(1000, ge=1)


class CircuitBreaker(_Part):
    """When a provider, key and model that fail are left alone, and how they are tried again."""

    error_rate: float = Field(0.5, gt=0, le=1)
    min_samples: int = Field(10, ge=1, validation_alias=AliasChoices("min_samples", "failure_threshold"))
    window_s: float = Field(60.0, gt=0)
    open_s: float = Field(30.0, gt=0, validation_alias=AliasChoices("open_s", "recovery_timeout"))
    successes: int = Field(2, ge=1, validation_alias=AliasChoices("successes", "half_open"))


class Config(ModuleConfig):
    enabled: bool = False
    chain: tuple[Step, ...] = Field(
        (), max_length=20, validation_alias=AliasChoices("chain", "providers"),
        description="Where calls go, in this order; empty: where their model belongs.",
    )  # fmt: skip
    models: tuple[str, ...] = Field(
        (), description="The chain is for these models, `*` for any rest; empty: all that talk."
    )
    chains: tuple[Chain, ...] = Field(
        (),
        max_length=100,
        description="Chains of some models; the first whose models fit comes before `chain`.",
    )
    strategy: Literal["priority", "weighted", "least-latency"] = Field(
        "priority", description="How the order is found."
    )
    max_retries: int = Field(0, ge=0, le=10, description="Rounds over all targets after the first.")
    base_delay_s: float = Field(
        0.5, ge=0, le=60, description="The first pause, which then doubles; with full jitter."
    )
    max_delay_s: float = Field(
        8.0, ge=0, le=300, description="The longest pause, unless a provider asks for a longer one."
    )
    deadline_s: float = Field(
        0.0, ge=0, description="For everything together; 0: the server's total time-out."
    )
    attempt_timeout_s: float = Field(
        0.0, ge=0, description="For one answer, or the first content of a stream; 0: no limit."
    )
    first_content_s: float = Field(
        60.0, gt=0, description="A stream that says nothing for so long is given to the next target."
    )
    affinity: bool = Field(
        True, description="Keep equal long prompts with one key, whose prompt cache knows them."
    )
    queue: Queue | None = Field(None, description="Wait for room at a full provider instead of a 429.")
    circuit_breaker: CircuitBreaker = Field(
        default_factory=lambda: CircuitBreaker.model_validate({}), description="For all tenants."
    )
    concurrency: dict[str, int] = Field(
        default_factory=dict[str, int], description="Most calls in flight by provider, for all tenants."
    )


class Failover(Module[Config]):
    spec = Spec(
        "failover", "routing", Phase.SHAPE, "Goes on to other providers and models when one fails.",
        ("fallbackrouter", "retrypilot", "retry", "keypool"), server_only=frozenset({"circuit_breaker", "concurrency"}),
    )  # fmt: skip
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        strategy: Strategy = config.strategy
        queue = config.queue
        terms = QueueTerms(queue.wait_s, queue.max_bytes, queue.max_waiting) if queue is not None else None
        self._policy = Policy(
            strategy, config.max_retries, config.base_delay_s, config.max_delay_s, config.deadline_s,
            config.attempt_timeout_s, config.first_content_s, config.affinity, terms,
        )  # fmt: skip
        self._chain = _steps(config.chain)
        self._chains = [(Wildcards(each.models), _steps(each.chain)) for each in config.chains]
        self._models = Wildcards(config.models) if config.models else None

    @override
    def on_request(self, call: Call) -> Reply | None:
        call.notes["policy"] = self._policy
        chain = next(
            (chain for models, chain in self._chains if models.match(call.model) is not None), self._chain
        )
        if chain is self._chain and not (
            call.wire in TALKING if self._models is None else self._models.match(call.model)
        ):
            return None
        if chain:
            before = call.notes.get(
                "targets", ()
            )  # a rule's choice comes first, and the chain is its way out
            call.notes["targets"] = (*before, *chain)
        return None


def _steps(chain: Sequence[Step]) -> tuple[tuple[str, str, int], ...]:
    return tuple((step.provider, step.model, step.weight) for step in chain)
