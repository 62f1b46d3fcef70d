"""A LiteLLM proxy config (YAML) as ours: models, keys by their variables, aliases, fallbacks, budgets, prices."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from headgate.cli.moving.fallbacks import put_chains, put_retries
from headgate.cli.moving.result import ENVIRONMENT, Move, Unreadable, listing, mapping
from headgate.providers.rows import ROWS

PROVIDERS = {
    "azure": "azure", "bedrock": "bedrock", "cohere_chat": "cohere", "fireworks_ai": "fireworks", "hosted_vllm": "vllm",
    "lm_studio": "lmstudio", "nvidia_nim": "nvidia", "ollama_chat": "ollama", "text-completion-openai": "openai",
    "together_ai": "together", "vertex_ai": "vertex",
}  # fmt: skip
"""LiteLLM's prefixes that are not our names."""

TOKEN_PRICES = {
    "input_cost_per_token": "input", "output_cost_per_token": "output", "cache_read_input_token_cost": "cached_input",
    "cache_creation_input_token_cost": "cache_write", "input_cost_per_audio_token": "audio_input",
    "output_cost_per_audio_token": "audio_output",
}  # fmt: skip
MILLION = Decimal(1_000_000)
PERIODS = {"1d": "daily", "24h": "daily", "1mo": "monthly", "30d": "monthly"}

NO_PLACE = "there is no such setting here"
REASONS = {
    "success_callback": "every call is on record here; OpenTelemetry goes out with the module otelexport",
    "failure_callback": "every call is on record here; OpenTelemetry goes out with the module otelexport",
    "callbacks": "plug-ins of the other gateway do not run here",
    "drop_params": "not needed: a field that a provider does not know is dropped with a warning, when formats differ",
    "set_verbose": "see `log_level`",
    "json_logs": "see `log_json`",
    "database_url": "its data is not moved; this gateway keeps its own",
    "store_model_in_db": "models that are in the other gateway's database are not in this file",
    "redis_host": "one gateway needs no shared store",
    "redis_port": "one gateway needs no shared store",
    "redis_password": "one gateway needs no shared store",
    "context_window_fallbacks": "a fallback for one kind of error only is not known here",
    "content_policy_fallbacks": "a fallback for one kind of error only is not known here",
    "provider_budget_config": "caps are per tenant, project, user, key, tag or session, not per provider",
    "temperature": "defaults of requests are not set here",
    "max_tokens": "defaults of requests are not set here",
}  # fmt: skip


@dataclass(slots=True)
class Deployment:
    """One row of `model_list`, read."""

    place: str
    target: str  # `provider:model`
    provider: str
    model: str
    weight: float | None = None
    rates: dict[str, int] = field(default_factory=dict[str, int])


def read(config: Any) -> Move:
    """The whole file. Raises Unreadable."""
    whole = mapping(config, "the file")
    if (
        "model_list" not in whole
        and not {"litellm_settings", "router_settings", "general_settings"} & whole.keys()
    ):
        raise Unreadable("this is no config of LiteLLM: it has neither model_list nor *_settings")
    move = Move()
    groups: dict[str, list[Deployment]] = {}
    for number, entry in enumerate(listing(whole.pop("model_list", None), "model_list")):
        _model(move, f"model_list[{number}]", mapping(entry, f"model_list[{number}]"), groups)
    router = mapping(whole.pop("router_settings", None), "router_settings")
    for name, group in groups.items():
        _group(move, name, group, str(router.get("routing_strategy", "simple-shuffle")))
    settings = mapping(whole.pop("litellm_settings", None), "litellm_settings")
    chains = _fallbacks(move, "litellm_settings", settings) + _fallbacks(move, "router_settings", router)
    put_chains(move, chains)
    for place, fields in (("router_settings", router), ("litellm_settings", settings)):
        put_retries(move, f"{place}.num_retries", fields.pop("num_retries", None))
    _router(move, router)
    _settings(move, settings)
    _general(move, mapping(whole.pop("general_settings", None), "general_settings"))
    for name in whole:
        move.leave(name, REASONS.get(name, NO_PLACE))
    return move


# ---- models


def _model(move: Move, place: str, entry: dict[str, Any], groups: dict[str, list[Deployment]]) -> None:
    name = entry.pop("model_name", None)
    params = mapping(entry.pop("litellm_params", None), f"{place}.litellm_params")
    model = params.pop("model", None)
    if not isinstance(name, str) or not isinstance(model, str):
        raise Unreadable(f"{place}: model_name and litellm_params.model must be texts")
    made = _deployment(move, place, model, params)
    info = mapping(entry.pop("model_info", None), f"{place}.model_info")
    if made is not None:
        _prices(move, made, params, info)
        groups.setdefault(name, []).append(made)
    for inner, rest in (("litellm_params", params), ("model_info", info), ("", entry)):
        for left in rest:
            spot = ".".join(part for part in (place, inner, left) if part)
            move.leave(spot, REASONS.get(left, NO_PLACE))


def _deployment(move: Move, place: str, model: str, params: dict[str, Any]) -> Deployment | None:
    prefix, slash, rest = model.partition("/")
    given = str(params.pop("custom_llm_provider", "") or (prefix if slash else "openai"))
    upstream = rest if (slash and prefix in (given, *PROVIDERS)) or (prefix in ROWS and slash) else model
    provider = PROVIDERS.get(given, given)
    base = params.pop("api_base", params.pop("base_url", None))
    if provider not in ROWS:
        move.leave(f"{place}.litellm_params.model", f"the provider {given!r} is not known here")
        params.clear()
        return None
    if base is not None:
        provider = _address(move, f"{place}.litellm_params.api_base", provider, str(base))
    if (key := params.pop("api_key", None)) is not None:
        move.need_key(f"{place}.litellm_params.api_key", provider, key)
    made = Deployment(place, f"{provider}:{upstream}", provider, upstream)
    if (weight := params.pop("weight", None)) is not None:
        made.weight = float(weight)
    made.rates = {what: int(params.pop(what)) for what in ("rpm", "tpm") if params.get(what)}
    return made


def _address(move: Move, place: str, provider: str, base: str) -> str:
    """An address of one's own: the variable of a known service, else a provider of its own. Returns the provider's name."""
    row = ROWS[provider]
    if base.startswith(ENVIRONMENT) or row.family != "openai" or row.local:
        variable = row.urls[0]
        move.environment.setdefault(variable, base.removeprefix(ENVIRONMENT))
        move.take(place, f"set {variable} to {base.removeprefix(ENVIRONMENT)}")
        return provider
    if base.rstrip("/").removesuffix("/v1") == row.url.rstrip("/").removesuffix("/v1"):
        move.take(place, "the provider's own address, which is known here")
        return provider
    host = base.partition("://")[2].partition("/")[0]
    name = "".join(letter if letter.isalnum() else "-" for letter in host).strip("-").lower()
    move.put("providers", name, "base_url", value=base)
    move.take(place, f"the provider {name!r} at this address")
    return name


def _prices(move: Move, made: Deployment, params: dict[str, Any], info: dict[str, Any]) -> None:
    found: dict[str, Any] = {}
    for source in (info, params):
        for theirs, ours in TOKEN_PRICES.items():
            if source.get(theirs) is not None:
                found[ours] = float(Decimal(str(source.pop(theirs))) * MILLION)
    if not found:
        return
    if {"input", "output"} <= found.keys():
        move.put("prices", made.model, value=found)
        move.take(f"{made.place} prices", f"dollars per million tokens of {made.model}")
    else:
        move.leave(f"{made.place} prices", "a price needs both input and output")


def _group(move: Move, name: str, group: list[Deployment], strategy: str) -> None:
    """All deployments that go by one name."""
    first = group[0]
    if len(group) == 1:
        if name in ("*", first.target, f"{first.provider}/{first.model}", f"{first.provider}/*"):
            move.take(first.place, f"{name}: needs nothing, models are asked for by their own names")
        elif name.endswith("*") and not first.model.endswith("*"):
            move.leave(first.place, f"{name}: a pattern for one model")
        else:
            move.put("model_aliases", name, value=first.target)
            move.take(first.place, f"{name} stands for {first.target}")
    elif strategy != "simple-shuffle":
        move.leave(
            first.place,
            f"{name}: {len(group)} deployments under the strategy {strategy!r}, which is not known here",
        )
        move.put("model_aliases", name, value=first.target)
        move.take(first.place, f"{name} stands for {first.target}, the first of them")
    else:
        variants = [
            {
                "provider": each.provider,
                "model": each.model,
                "weight": 1.0 if each.weight is None else each.weight,
            }
            for each in group
        ]
        move.put("modules", "abrouter", "enabled", value=True)
        move.add(
            "modules",
            "abrouter",
            "experiments",
            value={"name": name, "match": [name], "sticky": "call", "variants": variants},
        )
        move.take(first.place, f"{name} is split between {', '.join(each.target for each in group)}")
    _rates(move, name, group)


def _rates(move: Move, name: str, group: list[Deployment]) -> None:
    for each in group:
        for what, rate in each.rates.items():
            if len(group) > 1:
                move.leave(
                    f"{each.place}.litellm_params.{what}",
                    "limits here are per model, not per deployment of one",
                )
                continue
            limit = {
                "what": "requests" if what == "rpm" else "tokens",
                "rate": rate,
                "per": "model",
                "only": [each.target, each.model],
            }
            move.put("modules", "modelrate", "enabled", value=True)
            move.add("modules", "modelrate", "limits", value=limit)
            move.take(f"{each.place}.litellm_params.{what}", f"{rate} a minute for {name}")


# ---- settings


def _fallbacks(move: Move, place: str, fields: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    """(place, model, what stands in for it) of `fallbacks` and `default_fallbacks`."""
    chains: list[tuple[str, str, list[str]]] = []
    for number, row in enumerate(listing(fields.pop("fallbacks", None), f"{place}.fallbacks")):
        for model, others in mapping(row, f"{place}.fallbacks[{number}]").items():
            spot = f"{place}.fallbacks[{number}]"
            if all(isinstance(other, str) for other in listing(others, spot)):
                chains.append((spot, model, [str(other) for other in others]))
            else:
                move.leave(spot, "a fallback that changes the request as well is not known here")
    if default := fields.pop("default_fallbacks", None):
        chains.append((f"{place}.default_fallbacks", "*", [str(each) for each in listing(default, place)]))
    return chains


def _router(move: Move, router: dict[str, Any]) -> None:
    router.pop("routing_strategy", None)
    for alias, target in mapping(
        router.pop("model_group_alias", None), "router_settings.model_group_alias"
    ).items():
        model = mapping(target, alias).get("model") if isinstance(target, dict) else target
        aliases = move.settings.get("model_aliases", {})
        move.put(
            "model_aliases", alias, value=aliases.get(model, model)
        )  # an alias of an alias goes to the end at once
        move.take(f"router_settings.model_group_alias.{alias}", f"stands for {aliases.get(model, model)}")
    _timeout(move, "router_settings.timeout", router.pop("timeout", None))
    for name in router:
        move.leave(f"router_settings.{name}", REASONS.get(name, NO_PLACE))


def _settings(move: Move, settings: dict[str, Any]) -> None:
    _timeout(move, "litellm_settings.request_timeout", settings.pop("request_timeout", None))
    _budget(
        move,
        "litellm_settings.max_budget",
        (settings.pop("max_budget", None), settings.pop("budget_duration", None)),
        "tenant:",
    )
    user = mapping(
        settings.pop("default_internal_user_params", None), "litellm_settings.default_internal_user_params"
    )
    for theirs, period in (
        ("max_internal_user_budget", "internal_user_budget_duration"),
        ("max_budget", "budget_duration"),
    ):
        source = user if theirs == "max_budget" else settings
        _budget(
            move,
            f"litellm_settings {theirs} of users",
            (source.pop(theirs, None), source.pop(period, None)),
            "user:*",
        )
    for name in user:
        move.leave(f"litellm_settings.default_internal_user_params.{name}", NO_PLACE)
    if settings.pop("cache", None):
        _cache(move, mapping(settings.pop("cache_params", None), "litellm_settings.cache_params"))
    for name in settings:
        move.leave(f"litellm_settings.{name}", REASONS.get(name, NO_PLACE))


def _cache(move: Move, params: dict[str, Any]) -> None:
    move.take(
        "litellm_settings.cache",
        "the cache is on; it serves what is asked at temperature 0, or with x-headgate-cache: allow",
    )
    if (ttl := params.pop("ttl", None)) is not None:
        move.put("cache_ttl_s", value=int(ttl))
        move.take("litellm_settings.cache_params.ttl", f"{int(ttl)} seconds")
    for name in params:
        move.leave(
            f"litellm_settings.cache_params.{name}",
            "the cache is in memory and on this machine's disk, nowhere else",
        )


def _timeout(move: Move, place: str, seconds: Any) -> None:
    if seconds is not None:
        move.put("total_timeout_s", value=float(seconds))
        move.take(place, f"{seconds} seconds for a whole call")


def _budget(move: Move, place: str, given: tuple[Any, Any], target: str) -> None:
    amount, duration = given
    if amount is None:
        return
    period = PERIODS.get(str(duration))
    if period is None:
        move.leave(place, f"a budget over {duration or 'all time'}: caps here are per day or per month")
        return
    move.put("caps", target, period, value=float(amount))
    move.take(place, f"${amount} {period} for {target.rstrip(':')} (UTC; a month begins on its first)")


def _general(move: Move, general: dict[str, Any]) -> None:
    if (key := general.pop("master_key", None)) is not None:
        name = (
            str(key).removeprefix(ENVIRONMENT)
            if str(key).startswith(ENVIRONMENT)
            else "the key in the other file"
        )
        move.environment["HEADGATE_API_KEY"] = name
        move.take("general_settings.master_key", f"set HEADGATE_API_KEY to the value of {name}")
    for name in general:
        move.leave(f"general_settings.{name}", REASONS.get(name, NO_PLACE))
