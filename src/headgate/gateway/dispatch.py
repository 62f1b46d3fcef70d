"""Dispatch: put the call on record as opened, send it to the provider its model belongs to, and read what comes back."""

from __future__ import annotations

from dataclasses import dataclass

from headgate.call.call import Call, Reply
from headgate.call.frames import Event, Opened
from headgate.call.ports import Recorder
from headgate.gateway.plane import PlaneKeeper
from headgate.gateway.settle import Settler
from headgate.gateway.stream import Relay
from headgate.gateway.upstream import Upstream, provider_failure
from headgate.kernel.clock import Clock
from headgate.kernel.errors import GatewayError, ProviderError, RecordUnavailable
from headgate.providers.client import HttpClient
from headgate.providers.mock import MockProvider
from headgate.providers.table import Target
from headgate.providers.upstream import Deadlines, UpstreamFailure
from headgate.record.spend.hot import tags_of, user_of
from headgate.wire.errors import upstream_refusal
from headgate.wire.spec import WIRES, WireSpec

MAX_ANSWER_BYTES = 64 * 1024 * 1024
PASSED_PREFIXES = (b"x-request-id", b"openai-", b"x-ratelimit-")  # upstream headers that clients know and use


@dataclass(frozen=True, slots=True)
class Lines:
    """The ways out: HTTP to real providers, the mock in this process, and how long either may take."""

    client: HttpClient
    mock: MockProvider
    deadlines: Deadlines


class Dispatcher:
    """Asks models."""

    def __init__(
        self, clock: Clock, recorder: Recorder, keeper: PlaneKeeper, settler: Settler, lines: Lines
    ) -> None:
        self._clock = clock
        self._recorder = recorder
        self._keeper = keeper
        self._settler = settler
        self._lines = lines

    async def ask(self, call: Call) -> Reply:
        """The model's answer: whole and priced, or a Reply whose `chunks` settle the call while they are read.
        Raises GatewayError when there is none that may be passed on."""
        spec = WIRES[call.endpoint]
        target = self._keeper.plane.providers.route(call.model)
        provider = target.provider.name
        call.model = target.upstream_model
        caller = call.caller
        prices = self._keeper.plane.prices
        # before anything is sent: an answer that has begun must not wait for it
        if not prices.knows(call.model, provider):
            await prices.resolve(call.model, provider)
        held = self._settler.purse.hold(call, prices, provider, call.model)
        try:
            self._recorder.write(
                Opened(
                    call.run_id, call.tenant, call.received_us, call.wire, call.endpoint, call.model, provider, call.app,
                    call.agent, call.subject, caller.key_id or "", caller.mode, call.view.stream, held, call.project,
                    user_of(call), call.session, call.parent_run, tags_of(call),
                )
            )  # fmt: skip
        except RecordUnavailable:
            self._settler.purse.refund(call.run_id)
            raise
        call.notes["dispatched"] = True
        began = self._clock.monotonic()
        call.events.append(
            Event(
                call.received_us + int((began - call.t0) * 1e6),
                "model.called",
                {"provider": provider, "model": call.model},
            )
        )
        try:
            upstream = await self._send(call, spec, target)
        except UpstreamFailure as failure:
            raise provider_failure(provider, failure) from failure
        now = self._clock.monotonic()
        reply = Reply(upstream.status)
        reply.provider, reply.model, reply.cache = provider, call.model, call.notes.get("cache.state", "")
        reply.upstream_us = int((now - began) * 1e6)
        reply.first_byte_us = int((now - call.t0) * 1e6)
        _pass_headers(upstream, reply)
        if upstream.status == 200:
            return await self._answer(call, spec, upstream, reply)
        return await self._refusal(call, target, upstream, reply)

    async def _send(self, call: Call, spec: WireSpec, target: Target) -> Upstream:
        body = spec.upstream_body(call)
        provider = target.provider
        if provider.is_mock:
            return await self._lines.mock.send(spec.path, body)
        caller = call.caller
        head = provider.request_head(spec.path, caller.provider_key, first=caller.provider_key_first)
        head += call.notes.get("upstream.lines", b"")
        return await self._lines.client.send(
            provider.origin, head, body, deadlines=self._lines.deadlines, whole=not call.view.stream
        )

    async def _answer(self, call: Call, spec: WireSpec, upstream: Upstream, reply: Reply) -> Reply:
        if call.view.stream and spec.watch is not None and _is_stream(upstream):
            reply.content_type = b"text/event-stream; charset=utf-8"
            reply.chunks = Relay(self._clock, self._settler, self._keeper).chunks(
                call, reply, upstream, spec.watch(call)
            )
            return reply
        try:
            reply.body = upstream.body if not call.view.stream else await upstream.read(MAX_ANSWER_BYTES)
        except UpstreamFailure as failure:
            raise provider_failure(reply.provider, failure) from failure
        try:
            facts = spec.read_reply(reply.body)
        except ValueError as error:
            raise ProviderError(
                "The provider's answer is not the JSON it should be.",
                provider=reply.provider,
                upstream_status=200,
            ) from error
        self._settler.answered(call, reply, facts, reply.first_byte_us)
        return reply

    async def _refusal(self, call: Call, target: Target, upstream: Upstream, reply: Reply) -> Reply:
        """Not 200: passed on as it is, or turned into our own error, as the contract says."""
        try:
            body = await upstream.read(MAX_ANSWER_BYTES)
        except UpstreamFailure as failure:
            raise provider_failure(reply.provider, failure) from failure
        error = upstream_refusal(
            upstream.status,
            body,
            own_key=target.provider.has_key and not call.caller.provider_key_first,
            retry_after=upstream.header(b"retry-after"),
            provider=reply.provider,
        )
        call.events.append(
            Event(call.received_us + reply.first_byte_us, "model.failed", {"status": upstream.status})
        )
        call.explanation["upstream_status"] = upstream.status
        if isinstance(error, GatewayError):
            raise error
        reply.status, reply.body, reply.error_code = error.status, error.body, error.code
        reply.headers.extend(error.headers)
        reply.cost_pico = 0
        return reply


def _is_stream(upstream: Upstream) -> bool:
    content_type = upstream.header(b"content-type")
    return content_type is None or content_type.startswith(b"text/event-stream")


def _pass_headers(upstream: Upstream, reply: Reply) -> None:
    for name, value in upstream.headers:
        if name.startswith(PASSED_PREFIXES):
            reply.headers.append((name, value))
