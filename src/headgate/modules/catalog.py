"""Every module there is, what the server says of it, and what a tenant may say instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import AliasChoices, ValidationError

from headgate.call.module import Module, ModuleConfig
from headgate.kernel.errors import BadRequest
from headgate.kernel.logging import get_log
from headgate.modules.access import explain_access
from headgate.modules.order import ORDER
from headgate.modules.settings import ModuleSettings, configure, names

log = get_log("modules")

Fields = Mapping[str, Any]  # `enabled` and the fields of the config, as a tenant named them
ENABLED = "enabled"


class Catalog:
    """What the room that administers modules, and whoever compiles chains, knows of them."""

    def __init__(self, settings: ModuleSettings) -> None:
        self.order: Sequence[type[Module[Any]]] = ORDER
        self.server: Mapping[str, ModuleConfig] = configure(settings)
        self.running: Callable[[str], list[dict[str, Any]]] = (
            lambda _tenant: []
        )  # filled in by whoever runs chains
        self.access: Callable[[str, dict[str, str]], dict[str, Any]] = lambda _tenant, asked: explain_access(
            (), asked
        )
        self._names = names()
        self._kinds = {kind.spec.name: kind for kind in ORDER}

    def find(self, name: str) -> type[Module[Any]] | None:
        """The module of this name or alias."""
        return self._kinds.get(self._names.get(name, ""))

    def own_names(self, kind: type[Module[Any]], fields: Fields) -> dict[str, Any]:
        """`fields` under the names of the config, where they came under others that it understands."""
        known = {
            other: name
            for name, field in kind.Config.model_fields.items()
            if isinstance(field.validation_alias, AliasChoices)
            for other in field.validation_alias.choices
            if isinstance(other, str)
        }
        return {known.get(name, name): value for name, value in fields.items()}

    def config(self, kind: type[Module[Any]], fields: Fields) -> ModuleConfig:
        """The server's config with the tenant's `fields` in the place of its own. Raises BadRequest, naming the field."""
        server = self.server[kind.spec.name].model_dump(exclude_unset=True)
        own = self.own_names(kind, fields)
        for name in kind.spec.server_only & own.keys():
            raise BadRequest(
                f"config.{name}: only the settings of the server say this.", param=f"config.{name}"
            )
        try:
            return kind.Config.model_validate(server | own)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            field = place if place == ENABLED else f"config.{place}" if place else "config"
            raise BadRequest(f"{field}: {first['msg']}.", param=field, module=kind.spec.name) from None

    def configs(self, own: Mapping[str, Fields]) -> dict[str, ModuleConfig]:
        """The configs of all modules for a tenant that said `own`. What no longer fits is put aside, and logged."""
        configs = dict(self.server)
        for name, fields in own.items():
            kind = self.find(name)
            if kind is None:
                log.error("modules.unknown", module=name)
                continue
            try:
                configs[kind.spec.name] = self.config(kind, fields)
            except BadRequest as error:
                log.error("modules.config_unusable", module=name, error=error.message)
        return configs
