"""Which targets a call has: those that a module named, else those that the provider table has for its model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from headgate.call.call import Call
from headgate.call.policy import Named
from headgate.kernel.errors import BadRequest
from headgate.providers.routing import UnknownProvider
from headgate.providers.table import ProviderTable, Target


def targets_of(call: Call, table: ProviderTable) -> Sequence[Target]:
    """Best first, never empty. `X-Provider` forces one. Raises UnknownProvider, a BadRequest that names who is configured."""
    hint = call.headers.get(b"x-provider", b"").decode("latin-1").strip()
    key = call.caller.provider_key or ""
    named: Sequence[Named] | None = call.notes.get("targets")
    if named is None or hint:
        return table.candidates(call.model, call.wire, hint, key)
    found: list[Target] = []
    refused: BadRequest | None = None
    for provider, model, *weight in named:
        try:
            targets = table.candidates(model or call.model, call.wire, provider, key)
        except UnknownProvider as error:
            refused = error
            call.warn(f"the target {provider or model} was left out: it is not configured for this call")
            continue
        found += [replace(each, weight=weight[0]) for each in targets] if weight else targets
    if not found:
        raise refused or BadRequest("No target is named for this call.", param="model")
    return tuple({(each.provider.name, each.upstream_model): each for each in found}.values())
