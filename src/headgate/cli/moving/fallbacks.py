"""Chains of models that stand in for another, as the settings of the module that keeps them."""

from __future__ import annotations

from collections.abc import Sequence

from headgate.cli.moving.result import Move

MODULE = "failover"
MOST_RETRIES = 10

Chain = tuple[str, str, list[str]]  # place, model, what stands in for it


def put_chains(move: Move, chains: Sequence[Chain]) -> None:
    """Chains by model; an alias is written out, since the chain is looked for after aliases are resolved."""
    aliases = move.settings.get("model_aliases", {})
    for place, model, others in chains:
        names = others if model == "*" else [model, *others]
        put_chain(
            move, place, aliases.get(model, model), [_target(aliases.get(name, name)) for name in names]
        )


def put_chain(move: Move, place: str, model: str, targets: Sequence[tuple[str, str]]) -> None:
    """One chain: (provider, model) in the order of trying."""
    nameless = [name for provider, name in targets if not provider]
    if nameless:
        why = f"{nameless[0]!r} is no single deployment of this file, so its provider is not known"
        move.leave(place, why)
        return
    steps = [{"provider": provider, "model": name} for provider, name in targets]
    move.put("modules", MODULE, "enabled", value=True)
    move.add("modules", MODULE, "chains", value={"models": [model], "chain": steps})
    told = ", ".join(f"{provider}:{name}" for provider, name in targets)
    move.take(place, f"{model}: {told}, in this order")


def put_retries(move: Move, place: str, times: object) -> None:
    """How often the whole chain is tried again."""
    if times is None:
        return
    if not isinstance(times, int) or not 0 <= times <= MOST_RETRIES:
        move.leave(place, f"how often all targets are tried again is a number from 0 to {MOST_RETRIES} here")
        return
    move.put("modules", MODULE, "enabled", value=True)
    move.put("modules", MODULE, "max_retries", value=times)
    move.take(place, f"{times} more rounds after the first")


def _target(name: str) -> tuple[str, str]:
    provider, colon, model = name.partition(":")
    return (provider, model) if colon else ("", name)
