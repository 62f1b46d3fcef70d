"""From a model name to the providers that serve it: the operator's routes, prefixes, price lists, and how names begin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from headgate.call.call import Wire
from headgate.kernel.errors import BadRequest
from headgate.providers.building import known_row
from headgate.providers.provider import BadProvider, Provider, Target
from headgate.providers.rows import (
    AGGREGATORS,
    ALTERNATES,
    BEGINNINGS,
    KEY_BEGINNINGS,
    OPEN_WEIGHTS,
    OTHER_NAMES,
    ROWS,
)

Makers = Callable[[str], Sequence[str]]  # the providers that a price list has for a model, its maker first


class UnknownProvider(BadRequest):
    """Nobody who is configured serves the model, or the named provider is not configured."""

    code = "unknown_provider"


class Goal(NamedTuple):
    """One target of a pattern. An empty model is the one that was asked for."""

    provider: str
    model: str = ""
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Pattern:
    """The operator's route: a model name, or its beginning and `*`, and where it goes, best first."""

    model: str
    goals: tuple[Goal, ...]

    def fits(self, model: str) -> bool:
        return model_fits(self.model, model)


def model_fits(pattern: str, model: str) -> bool:
    """`pattern` is the name itself, or ends in `*`."""
    return model.startswith(pattern[:-1]) if pattern.endswith("*") else model == pattern


@dataclass(frozen=True, slots=True)
class Router:
    """Finds targets for one table of providers."""

    rows: Mapping[str, Provider]
    default: Provider
    catch_all: bool
    patterns: tuple[Pattern, ...] = ()
    makers: Makers | None = None

    def find(self, model: str, wire: Wire, hint: str = "", caller_key: str = "") -> tuple[Target, ...]:
        """All targets, best first. Raises UnknownProvider."""
        if self.default.is_mock and not hint and len(self.rows) <= 1:
            return (Target(self.default, _without(model, "openai:")),)
        targets = self._by_hint(model, hint, caller_key) if hint else self._by_name(model, caller_key)
        able = tuple(each for each in targets if serves(each.provider, wire))
        if not able:
            names = ", ".join(dict.fromkeys(each.provider.name for each in targets))
            raise UnknownProvider(
                f"{names} does not take requests of this kind ({wire}).",
                param="model",
                configured=self._names(),
            )
        return able

    def _by_hint(self, model: str, hint: str, caller_key: str) -> tuple[Target, ...]:
        provider = self._named(hint, caller_key)
        if provider is None:
            raise self._unknown(f"The provider {hint[:80]!r} is not configured.", "X-Provider")
        return (Target(provider, _without(model, f"{hint}:", f"{provider.name}:", f"{provider.name}/")),)

    def _by_name(self, model: str, caller_key: str) -> tuple[Target, ...]:
        fitting = [each for each in self.patterns if each.fits(model)]
        if fitting:
            return self._goals(
                max(fitting, key=lambda each: (not each.model.endswith("*"), len(each.model))), model
            )
        if (target := self._by_prefix(model, caller_key)) is not None:
            return (target,)
        for provider in self.rows.values():
            if any(model_fits(each, model) for each in provider.models):
                return (Target(provider, model),)
        return (self._by_claim(model, caller_key),)

    def _goals(self, pattern: Pattern, model: str) -> tuple[Target, ...]:
        return tuple(
            Target(self.rows[goal.provider], goal.model or model, goal.weight)
            for goal in pattern.goals
            if goal.provider in self.rows
        )

    def _by_prefix(self, model: str, caller_key: str) -> Target | None:
        """`provider:model` and `provider/model`. A maker's name before a slash may mean a service that sells its models."""
        for mark in (":", "/"):
            name, found, rest = model.partition(mark)
            known = OTHER_NAMES.get(name.lower(), name.lower())
            if not found or not rest or (known not in self.rows and known not in ROWS):
                continue
            provider = self._named(known, caller_key)
            if provider is not None:
                return Target(provider, rest)
            seller = next((self.rows[each] for each in AGGREGATORS if each in self.rows), None)
            if mark == "/" and seller is not None:
                return Target(seller, model)
            if mark == ":" and (local := self._local()) is not None:
                return Target(local, model)  # `mistral:7b` is a model and its tag there
            if self.catch_all:
                return None
            raise self._unknown(f"The provider {known!r} is not configured.")
        return None

    def _by_claim(self, model: str, caller_key: str) -> Target:
        """A price list or the name itself says whose the model is."""
        owners = [*(self.makers(model) if self.makers is not None else ()), *claims(model)]
        for owner in owners:
            for name in (owner, *ALTERNATES.get(owner, ())):
                if name in self.rows:
                    return Target(self.rows[name], model)
        local = self._local()
        if local is not None and (not owners or model.startswith(OPEN_WEIGHTS)):
            return Target(local, model)
        if self.catch_all or (not owners and (len(self.rows) == 1 or self.default.name == "openai")):
            return Target(self.default, model)
        for owner in owners:
            if (provider := self._named(owner, caller_key)) is not None:
                return Target(provider, model)
        seller = next((self.rows[each] for each in AGGREGATORS if each in self.rows), None)
        if not owners and "/" in model and seller is not None:
            return Target(seller, model)
        whose = f" It is a model of {owners[0]}." if owners else ""
        raise self._unknown(f"No provider that is configured has the model {model[:80]!r}.{whose}")

    def _named(self, name: str, caller_key: str) -> Provider | None:
        """The provider of a name. One that is not configured can be used by a caller with a key of it."""
        known = OTHER_NAMES.get(name.lower(), name.lower())
        found = self.rows.get(name) or self.rows.get(known)
        if found is not None or not caller_key or self.default.is_mock:
            return found
        begins = max((each for each in KEY_BEGINNINGS if caller_key.startswith(each)), key=len, default="")
        return known_row(known) if KEY_BEGINNINGS.get(begins) == known else None

    def _local(self) -> Provider | None:
        return next((each for each in self.rows.values() if each.local), None)

    def _names(self) -> list[str]:
        return sorted(self.rows)

    def _unknown(self, message: str, param: str = "model") -> UnknownProvider:
        configured = self._names()
        return UnknownProvider(
            f"{message} Configured: {', '.join(configured)}.", param=param, configured=configured
        )


def claims(model: str) -> tuple[str, ...]:
    """Whose a model is, by how its name begins."""
    begins = max((each for each in BEGINNINGS if model.startswith(each)), key=len, default="")
    return (BEGINNINGS[begins],) if begins else ()


def serves(provider: Provider, wire: Wire) -> bool:
    """Can a call of `wire` be asked of the provider, in its own format or another one?"""
    if wire in provider.speaks or not wire.startswith("openai.") or provider.is_mock:
        return True
    return wire != "openai.embeddings"


def read_patterns(given: Mapping[str, Any], rows: Mapping[str, Provider]) -> tuple[Pattern, ...]:
    """The setting `model_routes`. Raises BadProvider."""
    return tuple(
        Pattern(model, tuple(_goal(model, each, rows) for each in _many(goals)))
        for model, goals in given.items()
    )


def _many(goals: Any) -> list[Any]:
    return cast("list[Any]", goals) if isinstance(goals, list) else [goals]


def _goal(model: str, given: Any, rows: Mapping[str, Provider]) -> Goal:
    """`provider`, `provider:model`, or `{provider, model, weight}`."""
    if isinstance(given, str):
        name, _, inner = given.partition(":")
        given = {"provider": name, "model": inner}
    fields = cast("dict[str, Any]", given if isinstance(given, dict) else {})
    name, weight = fields.get("provider"), fields.get("weight", 1)
    if not isinstance(name, str):
        raise BadProvider(f"the route of {model!r} must name a provider")
    if not isinstance(weight, int) or isinstance(weight, bool) or not 0 <= weight <= 1000:
        raise BadProvider(f"the weight of a route of {model!r} must be a whole number from 0 to 1000")
    if name not in rows:
        raise BadProvider(f"the route of {model!r} names the provider {name!r}, which is not configured")
    return Goal(name, str(fields.get("model") or ""), weight)


def _without(model: str, *prefixes: str) -> str:
    for prefix in prefixes:
        if model.startswith(prefix) and len(model) > len(prefix):
            return model[len(prefix) :]
    return model
