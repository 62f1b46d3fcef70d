"""The chain and the policy that dispatch finds on a call."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from headgate.call.module import Tools
from headgate.modules.shape.failover import Config, Failover
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock
from tests.record.cache.calls import QUESTION, make_call

CHAIN = [{"provider": "openai", "model": "gpt-4o"}, {"provider": "groq", "weight": 3}]


def through(clock: FixedClock, **fields: object) -> dict[str, object]:
    module = Failover(Config.model_validate(fields), Tools(clock, MemoryStore(), {}))
    call = make_call(QUESTION, clock=clock)
    if before := fields.pop("before", None):
        call.notes["targets"] = before
    module.on_request(call)
    return call.notes


def test_each_provider_has_a_model_of_its_own(clock: FixedClock) -> None:
    assert through(clock, chain=CHAIN)["targets"] == (("openai", "gpt-4o", 1), ("groq", "", 3))


def test_the_choice_of_a_rule_comes_first(clock: FixedClock) -> None:
    module = Failover(Config.model_validate({"chain": CHAIN}), Tools(clock, MemoryStore(), {}))
    call = make_call(QUESTION, clock=clock)
    call.notes["targets"] = (("azure", "gpt-4o"),)
    module.on_request(call)

    assert call.notes["targets"][0] == ("azure", "gpt-4o")
    assert len(call.notes["targets"]) == 3


def test_a_chain_can_be_for_some_models_only(clock: FixedClock) -> None:
    assert "targets" not in through(clock, chain=CHAIN, models=["claude-*"])
    assert "targets" in through(clock, chain=CHAIN, models=["gpt-4o*"])


def test_a_chain_of_models_that_talk_is_not_for_embeddings(clock: FixedClock) -> None:
    module = Failover(Config.model_validate({"chain": CHAIN}), Tools(clock, MemoryStore(), {}))
    call = make_call(QUESTION, clock=clock)
    call.wire = "openai.embeddings"
    module.on_request(call)

    assert "targets" not in call.notes


def test_the_policy_says_how_dispatch_asks(clock: FixedClock) -> None:
    policy = through(clock, strategy="least-latency", max_retries=3, deadline_s=20, queue={"wait_s": 2})[
        "policy"
    ]

    assert (policy.strategy, policy.retries, policy.deadline_s) == ("least-latency", 3, 20)  # type: ignore[attr-defined]
    assert policy.queue.wait_s == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("fields", [
    {"strategy": "best"}, {"max_retries": 11}, {"chain": [{"model": "x"}]}, {"chain": [{"provider": "a", "wait": 1}]},
])  # fmt: skip
def test_nonsense_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate(fields)


def test_the_names_of_the_reference_are_understood() -> None:
    config = Config.model_validate(
        {
            "providers": CHAIN,
            "circuit_breaker": {"failure_threshold": 5, "recovery_timeout": 60, "half_open": 2},
        }
    )

    assert (config.chain[0].provider, config.circuit_breaker.min_samples) == ("openai", 5)
    assert (config.circuit_breaker.open_s, config.circuit_breaker.successes) == (60, 2)
    assert {"fallbackrouter", "retrypilot"} <= set(Failover.spec.aliases)
