"""Settings as the hot path knows them. Secrets are not here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.identity.settings.values import KINDS, Quarantine, quarantine_of

__all__ = ["Quarantine", "SettingsBook"]


class SettingsBook:
    """What tenants have set."""

    def __init__(self) -> None:
        self._values: dict[str, Mapping[str, Any]] = {}
        self._quarantines: dict[str, Quarantine] = {}

    def put(self, tenant: str, values: Mapping[str, Any]) -> None:
        self._values[tenant] = values
        self._quarantines[tenant] = quarantine_of(values.get("memory_quarantine"))

    def get(self, tenant: str, key: str) -> Any:
        """What was set, or the default. Raises KeyError for a setting that there is none of."""
        return self._values.get(tenant, {}).get(key, KINDS[key].default)

    def quarantine(self, tenant: str) -> Quarantine:
        return self._quarantines.get(tenant, OFF)


OFF = Quarantine()
