"""A Portkey config (JSON) as ours: targets, weights, fallbacks, retries, cache, time-outs."""

from __future__ import annotations

from typing import Any

from headgate.cli.moving.fallbacks import put_chain, put_retries
from headgate.cli.moving.result import Move, Unreadable, listing, mapping
from headgate.providers.rows import ROWS

PROVIDERS = {
    "azure-openai": "azure", "together-ai": "together", "fireworks-ai": "fireworks", "mistral-ai": "mistral",
    "google": "gemini", "vertex-ai": "vertex", "perplexity-ai": "perplexity", "x-ai": "xai", "hugging-face": "huggingface",
}  # fmt: skip
"""Portkey's names that are not ours."""

KNOWN = frozenset(
    {
        "strategy",
        "targets",
        "provider",
        "virtual_key",
        "api_key",
        "override_params",
        "cache",
        "retry",
        "custom_host",
    }
)
NO_PLACE = "there is no such setting here"
REASONS = {
    "input_guardrails": "guardrails are rows of their own here: POST /api/guardrails",
    "output_guardrails": "guardrails are rows of their own here: POST /api/guardrails",
    "before_request_hooks": "plug-ins of the other gateway do not run here",
    "after_request_hooks": "plug-ins of the other gateway do not run here",
    "forward_headers": "headers of clients are not passed on",
    "metadata": "metadata is sent with each call: X-Project, X-User-Id, X-Stockyard-Tags",
}  # fmt: skip
MOVED = (
    "strategy",
    "targets",
    "provider",
    "virtual_key",
    "api_key",
    "override_params",
    "weight",
    "custom_host",
    "cache",
    "retry",
    "request_timeout",
)

Target = tuple[str, str]  # provider and model, either may be empty


def read(config: Any) -> Move:
    """The whole file. Raises Unreadable."""
    whole = mapping(config, "the file")
    if not KNOWN & whole.keys():
        raise Unreadable(
            "this is no config of Portkey: it has neither targets nor a provider, cache or retry"
        )
    move = Move()
    strategy = mapping(whole.get("strategy"), "strategy")
    mode = str(strategy.get("mode") or ("single" if "targets" not in whole else "fallback"))
    targets = [
        _target(move, f"targets[{number}]", mapping(each, f"targets[{number}]"))
        for number, each in enumerate(listing(whole.get("targets"), "targets"))
    ]
    good = [each for each in targets if each is not None]
    if mode == "fallback" and good:
        _fallback(move, strategy, [each for each, _ in good])
    elif mode == "loadbalance" and good:
        _split(move, good)
    elif mode in ("single", "loadbalance", "fallback"):
        one = good[0] if good else _target(move, "", whole)
        if one is not None:
            _single(move, "targets[0]" if good else "provider", one[0])
    else:
        move.leave("strategy", f"the mode {mode!r} is not known here: see the module modelswitch for rules")
    _rest(move, whole)
    return move


def _target(move: Move, place: str, fields: dict[str, Any]) -> tuple[Target, float] | None:
    """Provider, model and weight; None when nothing of it can be taken."""
    dot = f"{place}." if place else ""
    if "targets" in fields and place:
        move.leave(place, "targets inside of targets are not known here")
        return None
    if "virtual_key" in fields:
        move.leave(
            f"{dot}virtual_key",
            "its provider and key are kept by Portkey: name the provider, and set its key here",
        )
    given = str(fields.get("provider") or "").removeprefix("@")
    provider = PROVIDERS.get(given, given)
    if provider and provider not in ROWS:
        move.leave(f"{dot}provider", f"the provider {given!r} is not known here")
        return None
    if (host := fields.get("custom_host")) is not None:
        name = "".join(
            letter if letter.isalnum() else "-" for letter in str(host).partition("://")[2].partition("/")[0]
        ).lower()
        move.put("providers", name, "base_url", value=str(host))
        move.take(f"{dot}custom_host", f"the provider {name!r} at this address")
        provider = name
    if "api_key" in fields:
        move.need_key(f"{dot}api_key", provider, fields["api_key"])
    params = mapping(fields.get("override_params"), f"{dot}override_params")
    model = str(params.pop("model", "") or "")
    for name in params:
        move.leave(f"{dot}override_params.{name}", "fields of requests are not overridden here")
    if place:
        for name in fields:
            if name not in MOVED or name in ("cache", "retry", "request_timeout"):
                move.leave(
                    f"{dot}{name}", REASONS.get(name, "this is set for all calls here, not for one target")
                )
    if not provider and not model:
        return None
    return (provider, model), float(fields.get("weight", 1))


def _name(target: Target) -> str:
    provider, model = target
    return f"{provider}:{model}" if provider and model else provider or model


def _single(move: Move, place: str, target: Target) -> None:
    provider, model = target
    if model:
        move.put("model_aliases", "*", value=_name(target))
        move.take(place, f"every model stands for {_name(target)}")
    else:
        move.put("provider", value=provider)
        move.take(place, f"{provider} is asked")


def _split(move: Move, targets: list[tuple[Target, float]]) -> None:
    variants = [
        {"provider": provider, "model": model, "weight": weight} for (provider, model), weight in targets
    ]
    move.put("modules", "abrouter", "enabled", value=True)
    experiment = {"name": "portkey", "match": ["*"], "sticky": "call", "variants": variants}
    move.add("modules", "abrouter", "experiments", value=experiment)
    move.take("strategy", f"calls are split between {', '.join(_name(target) for target, _ in targets)}")


def _fallback(move: Move, strategy: dict[str, Any], targets: list[Target]) -> None:
    put_chain(move, "strategy", "*", targets)
    if strategy.get("on_status_codes"):
        move.leave(
            "strategy.on_status_codes", "another target is tried on 429, 5xx and network failures, always"
        )


def _rest(move: Move, whole: dict[str, Any]) -> None:
    cache = whole.get("cache")
    if cache is not None:
        _cache(move, mapping(cache, "cache") if isinstance(cache, dict) else {"mode": str(cache)})
    retry = mapping(whole.get("retry"), "retry")
    put_retries(move, "retry.attempts", retry.pop("attempts", None))
    for name in retry:
        move.leave(
            f"retry.{name}", "what is tried again is the same for all calls: 429, 5xx and network failures"
        )
    if (timeout := whole.get("request_timeout")) is not None:
        move.put("total_timeout_s", value=float(timeout) / 1000)
        move.take("request_timeout", f"{float(timeout) / 1000} seconds for a whole call")
    for name in whole:
        if name not in MOVED:
            move.leave(name, REASONS.get(name, NO_PLACE))


def _cache(move: Move, cache: dict[str, Any]) -> None:
    mode = str(cache.pop("mode", "simple"))
    if mode != "simple":
        move.leave("cache.mode", f"a {mode} cache is not known here; the exact one is on")
    else:
        move.take(
            "cache",
            "the cache is on; it serves what is asked at temperature 0, or with x-headgate-cache: allow",
        )
    if (age := cache.pop("max_age", None)) is not None:
        move.put("cache_ttl_s", value=int(age))
        move.take("cache.max_age", f"{int(age)} seconds")
    for name in cache:
        move.leave(f"cache.{name}", NO_PLACE)
