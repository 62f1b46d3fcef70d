"""What the routes see of the providers that run: the table of the moment, their health, and a way to ask them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from headgate.kernel.clock import Clock
from headgate.providers.client import Deadlines, HttpClient, UpstreamFailure
from headgate.providers.health import Condition, Health, condition_of
from headgate.providers.provider import BadProvider, Provider
from headgate.providers.ssrf import Reach
from headgate.providers.styles import Request
from headgate.providers.table import ProviderTable
from headgate.store.sealing import Sealer

CHECK = Deadlines(connect_s=5.0, first_byte_s=8.0, idle_s=5.0, total_s=10.0)
CHECK_PATHS = {"google": "/v1beta/models", "bedrock": "/", "vertex": "/"}
REFUSED = frozenset({401, 403})


class Circuits(Protocol):
    """The breakers of dispatch."""

    def breakers(self, tenant: str | None = None) -> list[dict[str, Any]]: ...
    def state_of(self, name: str, tenant: str = "") -> str: ...
    def reset(self, name: str = "", tenant: str = "") -> int: ...


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of asking a provider whether it is there."""

    condition: Condition
    latency_s: float
    http_status: int | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class ProviderDesk:
    """The running providers, for the API."""

    table: Callable[[], ProviderTable]
    health: Health
    circuits: Circuits
    client: HttpClient
    clock: Clock
    reach: Reach  # of providers that tenants add
    sealer: Sealer

    async def check(self, provider: Provider) -> Checked:
        """Ask for its list of models, and remember what came of it."""
        began = self.clock.monotonic()
        condition, status, error = await self._ask(provider)
        checked = Checked(condition, self.clock.monotonic() - began, status, error)
        self.health.checked(provider.id, condition, latency_s=checked.latency_s, error=error)
        return checked

    async def _ask(self, provider: Provider) -> tuple[Condition, int | None, str]:
        if provider.is_mock:
            return "active", None, ""
        secret = provider.keys[0].secret if provider.keys else ""
        path = CHECK_PATHS.get(provider.family, "/v1/models")
        try:
            if provider.opener is not None and provider.opener.stale():
                await provider.opener.ready()
            head = provider.head(Request("passthrough", path, "", False, b"", secret, method="GET"))
            reply = await self.client.send(provider.origin, head, b"", deadlines=CHECK, whole=False)
        except BadProvider as bad:
            return "degraded", None, str(bad)
        except UpstreamFailure as failure:
            return "unreachable", None, failure.kind.replace("_", " ")
        reply.cancel()
        if reply.status in REFUSED and provider.has_key and provider.family not in ("bedrock", "vertex"):
            return "degraded", reply.status, "the key is not accepted"
        return (
            condition_of(reply.status),
            reply.status,
            "" if reply.status < 500 else f"status {reply.status}",
        )
