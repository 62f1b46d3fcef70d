"""The models that can be asked for: what the provider lists (asked at most once a minute) and the operator's aliases."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from headgate.call.caller import Caller
from headgate.gateway.plane import PlaneKeeper
from headgate.gateway.upstream import Upstream, provider_failure
from headgate.kernel import json
from headgate.kernel.clock import Clock
from headgate.kernel.errors import ProviderError
from headgate.providers.client import Deadlines, HttpClient, UpstreamFailure
from headgate.providers.mock import MockProvider
from headgate.providers.table import Provider

LISTS = "openai.models"
FRESH_S = 60.0
MAX_LIST_BYTES = 8 * 1024 * 1024
DEADLINES = Deadlines(connect_s=5.0, first_byte_s=15.0, idle_s=15.0, total_s=20.0)

Model = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Listed:
    at: float
    models: dict[str, Model]


class ModelList:
    """Lists models per provider. A provider that does not answer keeps its last list."""

    def __init__(
        self,
        clock: Clock,
        keeper: PlaneKeeper,
        client: HttpClient,
        mock: MockProvider,
        aliases: Mapping[str, str],
    ) -> None:
        self._clock = clock
        self._keeper = keeper
        self._client = client
        self._mock = mock
        self._aliases = aliases
        self._lists: dict[str, _Listed] = {}

    async def all(self, caller: Caller) -> dict[str, Model]:
        """Model objects by id, as the providers gave them; one that two of them have stands a second time under
        `provider/id`. Raises ProviderError when there is no list at all."""
        table = self._keeper.plane.providers.for_tenant(caller.tenant)
        providers = [each for each in table.rows.values() if LISTS in each.speaks]
        lists = await asyncio.gather(*(self._try(each, caller) for each in providers))
        models: dict[str, Model] = {}
        for provider, listed in zip(providers, lists, strict=True):
            for name, model in listed.models.items() if isinstance(listed, _Listed) else ():
                models[name if name not in models else f"{provider.name}/{name}"] = model
        failures = [each for each in lists if isinstance(each, ProviderError)]
        if failures and len(failures) == len(lists):
            raise failures[0]
        for alias, target in self._aliases.items():
            if "*" not in alias:
                models[alias] = {
                    **models.get(target, {}),
                    "id": alias,
                    "object": "model",
                    "owned_by": "headgate",
                    "created": models.get(target, {}).get("created", 0),
                }
        return models

    async def one(self, caller: Caller, model: str) -> Model | None:
        """One model, asked of the provider when the list does not have it; None when nobody knows it."""
        models = await self.all(caller)
        if model in models:
            return models[model]
        target = self._keeper.plane.providers.for_tenant(caller.tenant).route(model)
        if LISTS not in target.provider.speaks:
            return None
        reply = await self._get(target.provider, f"/v1/models/{target.upstream_model}", caller)
        body = reply[1] if reply[0] == 200 else None
        return {**body, "id": model} if isinstance(body, dict) else None

    async def _try(self, provider: Provider, caller: Caller) -> _Listed | ProviderError:
        try:
            return await self._listed(provider, caller)
        except ProviderError as error:
            return error

    async def _listed(self, provider: Provider, caller: Caller) -> _Listed:
        known = self._lists.get(provider.id)
        now = self._clock.monotonic()
        if known is not None and now - known.at < FRESH_S:
            return known
        try:
            status, body = await self._get(provider, "/v1/models", caller)
        except ProviderError:
            if known is not None:
                return known
            raise
        if status != 200 or not isinstance(body, dict):
            if known is not None:
                return known
            raise ProviderError(
                "The provider did not give its list of models.",
                provider=provider.name,
                upstream_status=status,
            )
        listed = _Listed(now, _by_id(cast("Model", body).get("data")))
        if not provider.has_key and caller.provider_key is not None:
            return listed  # what one caller's own key may see is not for the others
        self._lists[provider.id] = listed
        return listed

    async def _get(self, provider: Provider, path: str, caller: Caller) -> tuple[int, Any]:
        try:
            reply: Upstream
            if provider.is_mock:
                reply = await self._mock.send(path, b"")
            else:
                head = provider.request_head(path, caller.provider_key, method="GET")
                reply = await self._client.send(provider.origin, head, b"", deadlines=DEADLINES, whole=True)
            body = reply.body or await reply.read(MAX_LIST_BYTES)
        except UpstreamFailure as failure:
            raise provider_failure(provider.name, failure) from failure
        try:
            return reply.status, json.decode(body)
        except ValueError:
            return reply.status, None


def _by_id(rows: Any) -> dict[str, Model]:
    """The entries of a provider's list that are models."""
    models = [
        cast("Model", row)
        for row in cast("list[Any]", rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    ]
    return {model["id"]: model for model in models if isinstance(model.get("id"), str)}
