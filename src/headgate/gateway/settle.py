"""Settling: exactly one `closed` frame per call, whatever happened, written before the last byte of the answer leaves."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator

from headgate.call.call import Call, Reply
from headgate.call.frames import Closed, Event, RunStatus, Usage
from headgate.call.ports import Recorder
from headgate.gateway.chain import on_trouble
from headgate.gateway.plane import PlaneKeeper
from headgate.kernel.clock import Clock
from headgate.kernel.errors import GatewayError
from headgate.kernel.logging import get_log
from headgate.kernel.money import to_usd
from headgate.record.cache.hot import ResponseCache
from headgate.record.spend.hot import Purse, user_of
from headgate.wire.spec import WIRES, ReplyFacts

log = get_log("gateway")

KEPT_RESPONSE_BYTES = 8 * 1024 * 1024  # a longer answer is kept on record only up to here
_TEXTS = re.compile(rb'"(?:content|text)"\s*:\s*"((?:[^"\\]|\\.)*)"')  # of deltas and whole answers
_DELTAS = re.compile(
    rb'"delta"\s*:\s*"((?:[^"\\]|\\.)*)"'
)  # of responses, which tell their texts once more at the end
STAND_IN_S = 60  # how long the answer of who stepped in for another may be served from the cache
BYTES_PER_TOKEN = 4  # the estimate for an answer whose usage nobody told


class Settler:
    """Prices a call, puts it on record, keeps its answer for repeats and lets go of whoever waits for it."""

    def __init__(
        self, clock: Clock, recorder: Recorder, keeper: PlaneKeeper, cache: ResponseCache, purse: Purse
    ) -> None:
        self._clock = clock
        self._recorder = recorder
        self._keeper = keeper
        self._cache = cache
        self.purse = purse

    def settle(
        self, call: Call, reply: Reply, *, error: GatewayError | None = None, status: RunStatus | None = None
    ) -> None:
        """Settle `call` with `reply`, once; later calls do nothing. Raises RecordUnavailable when it can't be recorded."""
        if "settled" in call.notes:
            return
        for hook, module in self._keeper.plane.chain(call.tenant).on_done:
            try:
                hook(call, reply)
            except Exception as broken:  # noqa: BLE001 - a module's failure stance is applied here
                on_trouble(call, module, broken)
        outcome = status or _status(reply, error)
        call.notes["settled"] = outcome
        if outcome == "failed":
            code = error.code if error else reply.error_code
            log.warning(
                "call.failed", run=call.run_id, provider=reply.provider, status=reply.status, code=code
            )
        shared: Reply | None = None
        closed = self._closed(call, reply, error, outcome)
        try:
            self._recorder.write(closed)
            shared = self._keep(call, reply)
        finally:
            self.purse.settle(closed)
            land = call.notes.get("flight.land")
            if land is not None:
                land(shared)

    def cancelled(self, call: Call, reply: Reply | None = None) -> None:
        """The client has gone: the upstream is cancelled, and what was used so far is on record."""
        if reply is None:
            reply = Reply(499, route="live")
        reply.error_code = "client_closed_request"
        estimate_usage(call, reply)
        self.price(call, reply)
        self.settle(call, reply, status="cancelled")

    async def replayed(
        self, call: Call, reply: Reply, chunks: AsyncGenerator[bytes, None]
    ) -> AsyncGenerator[bytes, None]:
        """The stream of another call as the answer of `call`, which is settled with it and costs nothing."""
        kept: list[bytes] = []
        try:
            async for chunk in chunks:
                kept.append(chunk)
                yield chunk
            reply.body = b"".join(kept)
            self.settle(call, reply)
            yield b""
        finally:
            await chunks.aclose()
            reply.body = b"".join(kept)
            reply.error_code = "client_closed_request"
            self.settle(call, reply, status="cancelled")  # unless it was settled

    def answered(self, call: Call, reply: Reply, facts: ReplyFacts, at_us: int) -> None:
        """Put what is known of a model's answer on `reply`, priced; `at_us` after the request came in."""
        reply.usage, reply.usage_raw = facts.usage, facts.usage_raw
        reply.finish, reply.tool_calls = facts.finish, facts.tool_calls
        if facts.id and getattr(call.view, "store", None) is not False:
            call.explanation["response_id"] = (
                facts.id
            )  # by which the record finds what a later call goes on from
        self.price(call, reply)
        payload = {
            "completionTokens": facts.usage.completion_tokens,
            "costUsd": to_usd(reply.cost_pico),
            "promptTokens": facts.usage.prompt_tokens,
        }
        call.events.append(Event(call.received_us + at_us, "model.completed", payload))

    def price(self, call: Call, reply: Reply) -> None:
        """Put the cost of an answer by a model on `reply`; an unknown price is None and flagged, never 0.
        Under a cap a cost that nobody tells is estimated, and flagged: what can't be counted can't be capped."""
        held = call.notes.get("hold")
        if held is not None and not reply.usage.known:
            estimate_usage(call, reply)
        cost = None
        if reply.usage.known:
            cost = self._keeper.plane.prices.cost(reply.provider, reply.model, reply.usage)
        reply.price_known = cost is not None
        reply.cost_pico = held if cost is None else cost

    def _keep(self, call: Call, reply: Reply) -> Reply | None:
        """Store a cacheable answer. Returns what followers may have: a reply with the whole body, or None."""
        if not call.notes.get("cache.store") or reply.status != 200 or reply.route != "live":
            return None
        body = reply.body
        if reply.chunks is not None:
            from_stream = WIRES[call.endpoint].from_stream
            whole = from_stream(body, reply.usage_raw) if from_stream is not None else None
            if whole is None:
                return None
            body = whole
        if "attempts" in call.notes and (slot := call.notes.get("cache.slot")) is not None:
            call.notes["cache.slot"] = slot._replace(ttl_s=min(slot.ttl_s, STAND_IN_S))
        if not self._cache.keep(call, reply, body):
            return None
        shared = Reply(200, body)
        shared.provider, shared.model = reply.provider, reply.model
        shared.usage, shared.usage_raw = reply.usage, reply.usage_raw
        shared.cost_pico, shared.price_known, shared.finish = reply.cost_pico, reply.price_known, reply.finish
        return shared

    def _closed(self, call: Call, reply: Reply, error: GatewayError | None, status: RunStatus) -> Closed:
        caller = call.caller
        latency_us = int((self._clock.monotonic() - call.t0) * 1_000_000)
        call.events.append(
            Event(
                call.received_us + latency_us, f"run.{'completed' if status == 'completed' else 'failed'}", {}
            )
        )
        same_as = reply.same_as
        response = b"" if same_as else reply.body
        if len(response) > KEPT_RESPONSE_BYTES:
            response = response[:KEPT_RESPONSE_BYTES]
            call.warn(f"only the first {KEPT_RESPONSE_BYTES} bytes of the answer are on record")
        ghost = call.notes.get("ghost")
        if ghost is not None:
            reply.ghost_route, reply.ghost_saved_pico = ghost[0], ghost[1]
        return Closed(
            call.run_id, call.tenant, call.received_us, latency_us, status, reply.status,
            "blocked" if status == "blocked" else reply.route, call.wire, call.endpoint, call.app, call.agent, call.subject,
            caller.key_id or "", user_of(call), caller.mode, call.view.stream, call.view.model, reply.model or call.model,
            reply.provider, reply.usage, reply.usage_raw, reply.cost_pico, reply.price_known, reply.saved_pico, reply.saved_ms,
            reply.ghost_route, reply.ghost_saved_pico, reply.cache, reply.finish, error.code if error else reply.error_code,
            error.message if error else "", reply.first_byte_us, reply.upstream_us, call.events, call.explanation, call.warnings,
            b"" if same_as else call.body, response, same_as, call.parent_run, call.project, call.session,
            metadata=call.notes.get("metadata", {}), preview=WIRES[call.endpoint].last_user_text(call.view),
            attempts=call.notes.get("attempts", []),
            repeat=call.notes.get("repeat.kept", b"") if status == "completed" else b"",
        )  # fmt: skip


def estimate_usage(call: Call, reply: Reply) -> None:
    """Fill in an unknown usage from sizes, marked as an estimate."""
    if reply.usage.known or not reply.provider:
        return
    prompt = len(call.body) // BYTES_PER_TOKEN
    completion = -(
        -sum(map(len, _DELTAS.findall(reply.body) or _TEXTS.findall(reply.body))) // BYTES_PER_TOKEN
    )
    reply.usage = Usage(prompt, completion, known=True)
    reply.usage_raw = b'{"estimated":true}'
    call.warn("usage is an estimate")


def _status(reply: Reply, error: GatewayError | None) -> RunStatus:
    if reply.status < 400:
        return "completed"
    if error is not None and error.status < 500 and error.code != "provider_error":
        return "blocked"
    return "failed"
