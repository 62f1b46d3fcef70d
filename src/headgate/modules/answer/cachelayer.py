"""Serve an exact repeat from the cache: no model is asked, nothing is spent."""

from __future__ import annotations

from typing import Any, cast

from pydantic import AliasChoices, Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Tools
from headgate.record.cache.hot import (
    EXACT,
    Entry,
    ResponseCache,
    Slot,
    cache_key,
    raw_key,
)
from headgate.wire.spec import WIRES

ROUTE = "exact_cache"


class Config(ModuleConfig):
    ttl_s: int = Field(
        86_400, validation_alias=AliasChoices("ttl_s", "ttl"), ge=1, le=31_536_000,
        description="How long an answer may be given again, in seconds.",
    )  # fmt: skip
    max_request_bytes: int = Field(2 * 1024 * 1024, ge=0, description="Longer requests are not looked up.")


class CacheLayer(Module[Config]):
    spec = Spec(
        "cachelayer",
        "cache",
        Phase.ANSWER,
        "Serves exact repeats of deterministic calls from the cache.",
        ("cache",),
        waits=True,
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._cache = cast(ResponseCache, tools.hot["cache"])
        self._now = tools.clock.now

    @override
    def on_request(self, call: Call) -> Reply | None:
        if not self._is_cacheable(call):
            return None
        cache, notes = self._cache, call.notes
        raw = raw_key(call)
        key = cache.aliased(raw)
        if key is None:
            key = cache_key(call, WIRES[call.endpoint].cache_form(call.body))
            cache.alias(raw, key)
        notes["cache.key"] = key
        if call.cache_wish == "refresh":
            self._store_later(call, raw, "refresh")
            return None
        entry = cache.find(key)
        if entry is None:
            self._store_later(call, raw, "miss")
            if not cache.may_load(key, call.tenant):
                cache.tally(call.tenant, call.app, EXACT, hit=False)
            else:
                notes["cache.load"] = raw
            return None
        return self._serve(call, entry, raw)

    @override
    def must_wait(self, call: Call) -> bool:
        return "cache.load" in call.notes

    @override
    async def wait_request(self, call: Call) -> Reply | None:
        raw = call.notes.pop("cache.load")
        entry = await self._cache.load(call.notes["cache.key"], call.tenant)
        if entry is None:
            self._cache.tally(call.tenant, call.app, EXACT, hit=False)
            return None
        return self._serve(call, entry, raw)

    def _is_cacheable(self, call: Call) -> bool:
        wish = call.cache_wish
        if wish == "bypass":
            call.notes["cache.state"] = "bypass"
            return False
        return (
            (call.view.temperature == 0 or wish == "allow" or call.wire == "openai.embeddings")
            and len(call.body) <= self.config.max_request_bytes
        )  # fmt: skip

    def _store_later(self, call: Call, raw: bytes, state: str) -> None:
        """The gateway stores the live answer, and shares it with equal calls in flight."""
        notes = call.notes
        notes["cache.state"] = state
        notes["cache.store"] = True
        notes["cache.slot"] = Slot(notes["cache.key"], raw, self._cache.epoch(call.tenant), self.config.ttl_s)

    def _serve(self, call: Call, entry: Entry, raw: bytes) -> Reply | None:
        age_s = int(self._now()) - entry.created_s
        max_age_s = call.cache_max_age_s
        if max_age_s is not None and (max_age_s == 0 or age_s > max_age_s):
            self._cache.tally(call.tenant, call.app, EXACT, hit=False)
            self._store_later(call, raw, "miss")
            return None
        self._cache.tally(call.tenant, call.app, EXACT, hit=True)
        call.notes["cache.store"] = False
        call.notes.pop("cache.slot", None)
        if call.observing:
            call.notes["ghost"] = (ROUTE, entry.live_pico, entry.latency_us // 1000)
            return None
        explanation: dict[str, Any] = {"type": EXACT, "sourceRunId": entry.run_id, "ageSeconds": age_s}
        call.explanation["cache"] = explanation
        return _reply(entry, raw)


def _reply(entry: Entry, raw: bytes) -> Reply:
    reply = Reply(200, entry.body, route=ROUTE, content_type=entry.content_type)
    reply.provider = entry.provider
    reply.model = entry.model
    reply.cache = "hit"
    reply.usage = entry.usage
    reply.usage_raw = entry.usage_raw
    reply.saved_pico = entry.live_pico
    reply.price_known = entry.live_pico is not None
    reply.saved_ms = entry.latency_us // 1000
    reply.finish = entry.finish
    if entry.plain and entry.raw_key == raw:
        reply.same_as = entry.run_id  # byte for byte the request and the answer of that run
    return reply
