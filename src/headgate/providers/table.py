"""All providers that are configured, and the way from a model name to the ones that serve it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from headgate.call.call import Wire
from headgate.kernel.clock import Clock, SystemClock
from headgate.providers.building import build_rows, mock_row
from headgate.providers.provider import BadProvider, Provider, ProviderKey, Target, parse_base_url
from headgate.providers.routing import Makers, Pattern, Router, read_patterns

__all__ = ["BadProvider", "Provider", "ProviderKey", "ProviderTable", "Target", "parse_base_url"]

MAX_REMEMBERED = 4096  # model names come from clients


@dataclass(frozen=True, slots=True)
class ProviderTable:
    """All rows. `default` answers what nobody claims, where that is allowed; `tenants` has a table for each tenant with
    providers of its own."""

    default: Provider
    rows: Mapping[str, Provider] = field(default_factory=dict[str, Provider])
    patterns: tuple[Pattern, ...] = ()  # the operator's own routes
    catch_all: bool = True  # `default` takes every model that no other row claims
    tenants: Mapping[str, ProviderTable] = field(default_factory=dict[str, "ProviderTable"])
    makers: Makers | None = None
    _found: dict[tuple[str, Wire, str, str], tuple[Target, ...]] = field(
        default_factory=dict[tuple[str, Wire, str, str], tuple[Target, ...]], init=False, repr=False, compare=False
    )  # fmt: skip

    @staticmethod
    def from_settings(
        settings: Any, clock: Clock | None = None, makers: Callable[[str], Sequence[str]] | None = None
    ) -> ProviderTable:
        """What the settings configure, else the mock. `makers` tells from a price list whose a model is. Raises BadProvider."""
        kind = settings.provider
        rows = {} if kind == "mock" else build_rows(settings, clock or SystemClock())
        if not rows:
            mock = mock_row()
            return ProviderTable(mock, {mock.name: mock})
        default = rows.get(kind) or rows.get("openai") or next(iter(rows.values()))
        catch_all = bool(kind) or default.foreign or (len(rows) == 1 and default.local)
        patterns = read_patterns(settings.model_routes, rows)
        return ProviderTable(default, rows, patterns, catch_all, makers=makers)

    def for_tenant(self, tenant: str) -> ProviderTable:
        """What this tenant may use: the rows of all, and its own."""
        return self.tenants.get(tenant, self) if self.tenants else self

    def candidates(
        self, model: str, wire: Wire = "openai.chat", hint: str = "", caller_key: str = ""
    ) -> tuple[Target, ...]:
        """The targets of a model, best first. `hint` (`X-Provider`), `provider:model` and `provider/model` force one. With
        `caller_key` a known service that is not configured can be reached too. Raises UnknownProvider."""
        at = (model, wire, hint, caller_key[:8])
        found = self._found.get(at)
        if found is None:
            found = Router(self.rows, self.default, self.catch_all, self.patterns, self.makers).find(
                model, wire, hint, caller_key
            )
            if len(self._found) >= MAX_REMEMBERED:
                self._found.clear()
            self._found[at] = found
        return found

    def route(self, model: str) -> Target:
        """The best target of a model. Raises UnknownProvider."""
        return self.candidates(model)[0]

    def get(self, name: str) -> Provider | None:
        return self.rows.get(name)

    def with_tenant(self, tenant: str, own: Sequence[Provider]) -> ProviderTable:
        """The same table, with the providers that `tenant` added. Its own come before those of all."""
        others = {other: table for other, table in self.tenants.items() if other != tenant}
        base = replace(self, tenants={})
        if not own:
            return replace(self, tenants=others)
        rows = {**self.rows, **{each.name: each for each in own}}
        if base.default.is_mock:
            rows.pop(base.default.name, None)
            base = replace(base, default=own[0], catch_all=len(own) == 1)
        return replace(self, tenants={**others, tenant: replace(base, rows=rows)})

    def knowing(self, makers: Makers) -> ProviderTable:
        """The same table, which asks `makers` whose a model is; nothing found before is remembered."""
        tenants = {tenant: replace(table, makers=makers) for tenant, table in self.tenants.items()}
        return replace(self, makers=makers, tenants=tenants)
