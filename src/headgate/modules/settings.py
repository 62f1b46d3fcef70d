"""From the server's settings to the config of every module: defaults, what the operator set, and errors that name the field."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import ValidationError

from headgate.call.module import ModuleConfig
from headgate.modules.order import ORDER

DEFAULT_RPM = 600  # when the server is protected and nothing else is said


class ModuleSettings(Protocol):
    """What is read of the server's settings."""

    @property
    def modules(self) -> Mapping[str, Any]: ...
    @property
    def model_aliases(self) -> Mapping[str, str]: ...
    @property
    def chat_rate_limit_rpm(self) -> int | None: ...
    @property
    def cache_ttl_s(self) -> int: ...
    @property
    def protected(self) -> bool: ...


class BadModuleConfig(ValueError):
    """A module's settings cannot be used; the message names module and field."""


def configure(settings: ModuleSettings) -> dict[str, ModuleConfig]:
    """The config of every module by name. Raises BadModuleConfig."""
    given = {_known(name): (name, _fields(name, value)) for name, value in settings.modules.items()}
    configs: dict[str, ModuleConfig] = {}
    for kind in ORDER:
        name, fields = given.get(kind.spec.name, (kind.spec.name, {}))
        try:
            configs[kind.spec.name] = kind.Config.model_validate(
                {**_defaults(settings, kind.spec.name, fields), **fields}
            )
        except ValidationError as error:
            raise BadModuleConfig(_sentence(name, error)) from None
    return configs


def names() -> dict[str, str]:
    """Every name a module goes by, aliases included, and its own name."""
    return {name: kind.spec.name for kind in ORDER for name in (kind.spec.name, *kind.spec.aliases)}


def _known(name: str) -> str:
    known = names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise BadModuleConfig(
            f"modules: there is no module {name!r}.{hint} Known: {', '.join(sorted(known))}."
        )
    return known[name]


def _fields(name: str, value: Any) -> dict[str, Any]:
    """A module's settings: a mapping, or just true or false."""
    if isinstance(value, bool):
        return {"enabled": value}
    if isinstance(value, Mapping):
        return dict(value)  # pyright: ignore[reportUnknownArgumentType] - the JSON rim
    raise BadModuleConfig(f"modules.{name}: must be a mapping of fields, or true or false.")


def _defaults(settings: ModuleSettings, name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What the server's own settings say for a module, where its fields do not say it."""
    if name == "rateshield" and not {"rpm", "requests_per_minute"} & fields.keys():
        rpm = settings.chat_rate_limit_rpm
        return {"rpm": rpm if rpm is not None else DEFAULT_RPM if settings.protected else 0}
    if name == "modelalias" and "aliases" not in fields:
        return {"aliases": dict(settings.model_aliases)}
    if name == "cachelayer" and not {"ttl_s", "ttl"} & fields.keys():
        return {"ttl_s": settings.cache_ttl_s}
    return {}


def _sentence(name: str, error: ValidationError) -> str:
    problems = "; ".join(
        f"modules.{name}{''.join(f'.{part}' for part in problem['loc'])}: {problem['msg']}"
        for problem in error.errors()
    )
    return f"{problems}."
