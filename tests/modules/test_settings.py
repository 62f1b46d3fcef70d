"""Settings become module configs; what is wrong in them is named with module and field."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from headgate.modules.order import ORDER
from headgate.modules.settings import BadModuleConfig, configure


@dataclass(frozen=True)
class Given:
    modules: dict[str, Any] = field(default_factory=dict[str, Any])
    model_aliases: dict[str, str] = field(default_factory=dict[str, str])
    chat_rate_limit_rpm: int | None = None
    cache_ttl_s: int = 86_400
    protected: bool = False


def value(given: Given, module: str, name: str) -> Any:
    return getattr(configure(given)[module], name)


def test_every_module_has_a_config() -> None:
    assert list(configure(Given())) == [kind.spec.name for kind in ORDER]


@pytest.mark.parametrize(("given", "rpm"), [
    (Given(), 0), (Given(protected=True), 600), (Given(chat_rate_limit_rpm=0, protected=True), 0),
    (Given(chat_rate_limit_rpm=7), 7),
    (Given({"rateshield": {"rpm": 9}}, chat_rate_limit_rpm=7), 9), (Given({"ratelimit": {"requests_per_minute": 9}}), 9),
])  # fmt: skip
def test_the_rate_comes_from_the_module_then_the_setting_then_the_mode(given: Given, rpm: int) -> None:
    assert value(given, "rateshield", "rpm") == rpm


def test_aliases_and_time_to_live_come_from_the_settings_unless_the_module_says_otherwise() -> None:
    given = Given(model_aliases={"fast": "m"}, cache_ttl_s=60)
    assert (value(given, "modelalias", "aliases"), value(given, "cachelayer", "ttl_s")) == ({"fast": "m"}, 60)
    given = Given(
        {"modelalias": {"aliases": {"a": "b"}}, "cache": {"ttl": 5}},
        model_aliases={"fast": "m"},
        cache_ttl_s=60,
    )
    assert (value(given, "modelalias", "aliases"), value(given, "cachelayer", "ttl_s")) == ({"a": "b"}, 5)


def test_a_module_is_switched_by_true_or_false() -> None:
    before, after = (
        configure(Given()),
        configure(Given({"cachelayer": False, "secretscan": {"enabled": False}, "ipfence": True})),
    )
    switched = [name for name in before if before[name].enabled != after[name].enabled]
    assert sorted(switched) == ["cachelayer", "ipfence", "secretscan"]


@pytest.mark.parametrize(("modules", "words"), [
    ({"cachelayr": {}}, ["'cachelayr'", "'cachelayer'"]), ({"cachelayer": {"ttl_s": 0}}, ["modules.cachelayer", "ttl"]),
    ({"secretscan": {"action": "shout"}}, ["modules.secretscan.action", "flag"]),
    ({"rateshield": {"speed": 1}}, ["modules.rateshield.speed"]),
    ({"rateshield": 5}, ["modules.rateshield"]), ({"ratelimit": {"rpm": "x"}}, ["modules.ratelimit.rpm"]),
])  # fmt: skip
def test_what_is_wrong_is_named(modules: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(BadModuleConfig) as wrong:
        configure(Given(modules))
    assert all(word in str(wrong.value) for word in words), str(wrong.value)
