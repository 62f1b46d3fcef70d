"""The plane: one immutable bundle of everything the hot path decides by. Parts are rebuilt and swapped when rules change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from headgate.gateway.chain import Chain
from headgate.identity.keys.hot import Door
from headgate.kernel.logging import get_log
from headgate.providers.prices import PriceBook
from headgate.providers.table import ProviderTable

log = get_log("gateway")


@dataclass(frozen=True, slots=True)
class Plane:
    """What holds at one moment. `chains` has an entry only for tenants that differ from `default_chain`."""

    door: Door
    providers: ProviderTable
    prices: PriceBook
    default_chain: Chain
    chains: Mapping[str, Chain] = field(default_factory=dict[str, Chain])
    version: int = 0

    def chain(self, tenant: str) -> Chain:
        return self.chains.get(tenant, self.default_chain) if self.chains else self.default_chain


Builder = Callable[[Plane, str], Awaitable[dict[str, Any]]]


class PlaneKeeper:
    """Holds the plane of the moment. `builders` say, by part name, how its new fields are made."""

    def __init__(self, plane: Plane, builders: Mapping[str, Builder]) -> None:
        self.plane = plane
        self._builders = dict(builders)
        self._lock = asyncio.Lock()
        self.refused = 0

    async def rebuild(self, part: str, tenant: str) -> None:
        """Build `part` anew and swap it in. A part that fails to build is refused: the old one keeps serving."""
        builder = self._builders.get(part)
        if builder is None:
            return
        async with self._lock:
            try:
                changes = await builder(self.plane, tenant)
            except Exception as error:  # noqa: BLE001 - the old part must keep serving whatever is wrong with the new one
                self.refused += 1
                log.error("plane.part_refused", part=part, tenant=tenant, error=repr(error))
                return
            self.plane = replace(self.plane, version=self.plane.version + 1, **changes)
