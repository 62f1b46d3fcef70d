"""Keep each embedding by itself: of a batch only the inputs that are not known yet are asked for."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from pydantic import AliasChoices, Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.frames import Usage
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Tools
from headgate.kernel.errors import ProviderError
from headgate.modules.wildcards import Wildcards
from headgate.record.cache.hot import ResponseCache, cache_key
from headgate.store.bounded import Bounded
from headgate.wire.embeddings_parts import (
    inputs_of,
    settings_of,
    vectors_of,
    whole_answer,
    with_inputs,
    with_vectors,
)

PLAN = "embedcache.plan"
BYTES_PER_TOKEN = 4


class Config(ModuleConfig):
    enabled: bool = False
    ttl_s: int = Field(
        604_800, validation_alias=AliasChoices("ttl_s", "ttl"), ge=1, le=31_536_000,
        description="How long a vector may be given again, in seconds.",
    )  # fmt: skip
    models: tuple[str, ...] = Field(
        (), description="Only for these models, with * for any rest; empty means all."
    )
    max_inputs: int = Field(2048, ge=1, le=100_000, description="Batches with more inputs are not looked at.")


class Vector(NamedTuple):
    """One kept vector: its JSON text, and who made it."""

    text: bytes
    provider: str
    model: str


class _Plan(NamedTuple):
    body: bytes  # what the client asked
    keys: list[bytes]
    known: list[Vector | None]


class EmbedCache(Module[Config]):
    spec = Spec(
        "embedcache", "cache", Phase.ANSWER, "Gives embeddings again, input by input.", ("embed_cache",)
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._vectors = cast("Bounded[Vector]", tools.hot["vectors"])
        self._cache = cast(ResponseCache, tools.hot["cache"])
        self._now = tools.clock.now
        self._models = Wildcards(config.models) if config.models else None

    @override
    def on_request(self, call: Call) -> Reply | None:
        if call.wire != "openai.embeddings" or call.observing or call.cache_wish == "bypass":
            return None
        if self._models is not None and self._models.match(call.model) is None:
            return None
        inputs = inputs_of(call.body)
        if len(inputs) > self.config.max_inputs:
            return None
        # an invalidation of the cache makes the keys new, and so what was kept unreachable
        form = b"v%d" % self._cache.epoch(call.tenant) + settings_of(call.body)
        keys = [cache_key(call, form + each) for each in inputs]
        fresh = call.cache_wish != "refresh"
        known = [self._vectors.get(key, now=self._now()) if fresh else None for key in keys]
        vectors = [vector for vector in known if vector is not None]
        if vectors:
            call.explanation["embedcache"] = {"inputs": len(inputs), "known": len(vectors)}
        if len(vectors) == len(inputs):
            return self._serve(call, vectors)
        call.notes[PLAN] = _Plan(call.body, keys, known)
        if vectors:
            missing = [each for each, vector in zip(inputs, known, strict=True) if vector is None]
            call.body = with_inputs(call.body, missing)  # the view stays: it is what the client asked
        return None

    @override
    def on_reply(self, call: Call, reply: Reply) -> None:
        plan: _Plan | None = call.notes.pop(PLAN, None)
        if plan is None:
            return
        call.body = plan.body
        if reply.status != 200 or reply.route != "live":
            return
        missing = [at for at, vector in enumerate(plan.known) if vector is None]
        try:
            found = vectors_of(reply.body)
        except ValueError:
            found = []
        if len(found) != len(missing):
            if len(missing) == len(plan.known):
                return
            raise ProviderError(
                "The provider gave another number of vectors than it was asked for.", upstream_status=200
            )
        ends_at = self._now() + self.config.ttl_s
        for at, text in zip(missing, found, strict=True):
            vector = Vector(text, reply.provider, reply.model)
            self._vectors.put(plan.keys[at], vector, size=len(text), ends_at=ends_at)
            plan.known[at] = vector
        if len(missing) < len(plan.known):
            reply.body = with_vectors(
                reply.body, [vector.text for vector in plan.known if vector is not None]
            )
            hits = [
                vector
                for at, vector in enumerate(plan.known)
                if at not in set(missing) and vector is not None
            ]
            reply.saved_pico = self._saved(call, plan.body, len(hits) / len(plan.known), hits[0])

    @override
    def on_done(self, call: Call, reply: Reply) -> None:
        plan: _Plan | None = call.notes.pop(PLAN, None)
        if plan is not None:
            call.body = plan.body  # the call failed, and what is on record is what the client asked

    def _serve(self, call: Call, vectors: list[Vector]) -> Reply:
        reply = Reply(
            200, whole_answer(vectors[0].model, [vector.text for vector in vectors]), route="exact_cache"
        )
        reply.provider, reply.model, reply.cache = vectors[0].provider, vectors[0].model, "hit"
        reply.usage = Usage(known=True)
        reply.saved_pico = self._saved(call, call.body, 1.0, vectors[0])
        reply.price_known = reply.saved_pico is not None
        return reply

    def _saved(self, call: Call, body: bytes, share: float, vector: Vector) -> int | None:
        """What the inputs that were known would have cost, by their size."""
        usage = Usage(int(len(body) * share) // BYTES_PER_TOKEN, known=True)
        prices: Any = self.tools.hot.get("prices")
        cost: int | None = prices.cost(vector.provider, vector.model, usage) if prices is not None else None
        return cost
