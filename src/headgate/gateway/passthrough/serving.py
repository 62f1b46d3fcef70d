"""Passing one request on: the same money, record, breaker and filters as every call, and the provider's own answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from headgate.call.call import Call, Reply
from headgate.call.caller import DEFAULT_TENANT
from headgate.call.frames import Event, Opened, Usage
from headgate.call.policy import DEFAULT
from headgate.call.ports import Recorder
from headgate.gateway.passthrough.paths import below, check_wall
from headgate.gateway.plane import PlaneKeeper
from headgate.gateway.settle import Settler
from headgate.gateway.stream import Relay
from headgate.gateway.upstream import Upstream, provider_failure
from headgate.gateway.upstreams.fleet import Fleet, Visit
from headgate.gateway.upstreams.order import Line, Planner
from headgate.kernel import json
from headgate.kernel.clock import Clock
from headgate.kernel.errors import (
    BadRequest,
    GatewayError,
    ProviderError,
    RateLimited,
    RecordUnavailable,
    Unavailable,
)
from headgate.providers.client import HttpClient
from headgate.providers.provider import BadProvider, Provider, Target
from headgate.providers.routing import UnknownProvider
from headgate.providers.styles import Request
from headgate.providers.upstream import Deadlines, UpstreamFailure
from headgate.record.spend.hot import tags_of, user_of
from headgate.wire.errors import upstream_refusal
from headgate.wire.passthrough import SPEC, PassedWatch, is_json, with_model

NOTE = "passthrough"
MAX_WHOLE = 64 * 1024 * 1024
FORWARDED = (b"accept", b"anthropic-beta", b"anthropic-version", b"openai-beta", b"idempotency-key")
KEPT = (
    b"content-disposition",
    b"retry-after",
    b"request-id",
    b"x-request-id",
    b"openai-",
    b"anthropic-",
    b"x-ratelimit-",
)
COMPATIBLE = frozenset({"openai", "azure"})
STATELESS = frozenset({"GET", "DELETE"})


@dataclass(frozen=True, slots=True)
class Passed:
    """What came, beside the call. `provider` "" is found by the model; `path` is clean and has no query."""

    method: str
    provider: str
    path: str
    query: str
    body: bytes = field(repr=False)
    content_type: bytes
    free: bool = False  # nothing that it does is paid by tokens: files

    @property
    def scanned(self) -> bool:
        return not self.body or is_json(self.content_type)


@dataclass(frozen=True, slots=True)
class Exits:
    """The ways out, shared with dispatch."""

    client: HttpClient
    deadlines: Deadlines
    fleet: Fleet
    planner: Planner


class Passing:
    """Passes requests on. One per gateway."""

    def __init__(
        self, clock: Clock, recorder: Recorder, keeper: PlaneKeeper, settler: Settler, exits: Exits
    ) -> None:
        self._clock = clock
        self._recorder = recorder
        self._keeper = keeper
        self._settler = settler
        self._client = exits.client
        self._deadlines = exits.deadlines
        self._fleet = exits.fleet
        self._planner = exits.planner

    async def ask(self, call: Call) -> Reply:
        """The provider's answer: a whole JSON, events, or bytes. Raises GatewayError."""
        passed: Passed = call.notes[NOTE]
        target = self._target(call, passed)
        provider = target.provider
        if provider.is_mock:
            raise BadRequest(
                f"The mock provider has nothing at /{passed.path}: configure a provider.", param="path"
            )
        call.model = target.upstream_model
        line = self._line(call, target)
        if line.caller_key is None and call.tenant != DEFAULT_TENANT:
            check_wall(provider, call.tenant, passed.method, passed.path)
        body = with_model(call, call.body if passed.scanned else passed.body, passed.content_type)
        if not passed.scanned:
            _not_scanned(call, "request")
            call.body = json.encode(
                {"not_recorded": passed.content_type.decode("latin-1"), "bytes": len(passed.body)}
            )
        visit = self._enter(line, call)
        began = self._clock.monotonic()
        try:
            await self._open(call, passed, line, body)
            upstream = await self._send(call, passed, line, body)
            return await self._answer(call, passed, line, (upstream, began), visit)
        except UpstreamFailure as failure:
            visit.over(ok=False, status=0)
            raise provider_failure(provider.name, failure) from failure
        finally:
            if "streaming" not in call.notes:
                visit.left()  # unless it is over already

    def _target(self, call: Call, passed: Passed) -> Target:
        table = self._keeper.plane.providers.for_tenant(call.tenant)
        key = call.caller.provider_key or ""
        if passed.provider:
            return table.candidates(call.model or "-", "passthrough", passed.provider, key)[0]
        hint = call.headers.get(b"x-provider", b"").decode("latin-1").strip()
        if call.model or hint:
            target = table.candidates(call.model or "-", "passthrough", hint, key)[0]
        else:
            able = [each for each in table.rows.values() if each.family in COMPATIBLE]
            target = Target((table.get("openai") if able else None) or _first(able, table.default), "")
        if target.provider.family not in COMPATIBLE and not target.provider.is_mock:
            raise UnknownProvider(
                f"{target.provider.name} does not speak OpenAI's format at /{passed.path}; name a provider in X-Provider.",
                param="model", configured=sorted(table.rows),
            )  # fmt: skip
        return target

    def _line(self, call: Call, target: Target) -> Line:
        line = self._planner.single(call, target)
        if line is not None:
            return line
        return self._planner.plan(call, (target,), DEFAULT, self._clock.monotonic()).lines[0]

    def _enter(self, line: Line, call: Call) -> Visit:
        now = self._clock.monotonic()
        service = line.way.service
        if service.room.is_full:
            raise RateLimited(
                f"The provider {service.name} takes no more calls at this moment.",
                headers={"Retry-After": "1"},
            )
        if not line.way.breaker.enter(now):
            wait_s = max(1, round(line.way.breaker.retry_in(now)))
            raise Unavailable(
                f"The provider {service.name} has failed too often lately.", headers={"Retry-After": str(wait_s)},
                provider=service.name,
            )  # fmt: skip
        service.room.enter()
        return self._fleet.enter(line.way, now, call.tenant)

    async def _open(self, call: Call, passed: Passed, line: Line, body: bytes) -> None:
        """Hold the money and say on record that the request goes out."""
        provider, caller, prices = line.target.provider.name, call.caller, self._keeper.plane.prices
        purse, held = self._settler.purse, 0
        # before anything is sent: an answer that has begun must not wait for it
        if call.model and not prices.knows(call.model, provider):
            await prices.resolve(call.model, provider)
        if not passed.free and passed.method not in STATELESS:
            if call.model and passed.scanned:
                held = purse.hold(call, prices, provider, call.model)
            else:
                purse.reserve(call, None)  # refused under a cap: nobody knows what it will cost
        try:
            self._recorder.write(
                Opened(
                    call.run_id, call.tenant, call.received_us, call.wire, call.endpoint, call.model, provider, call.app,
                    call.agent, call.subject, caller.key_id or "", caller.mode, call.view.stream, held, call.project,
                    user_of(call), call.session, call.parent_run, tags_of(call),
                )
            )  # fmt: skip
        except RecordUnavailable:
            purse.refund(call.run_id)
            raise
        call.notes["dispatched"] = True
        at_us = call.received_us + int((self._clock.monotonic() - call.t0) * 1e6)
        told = {"provider": provider, "model": call.model, "method": passed.method, "path": f"/{passed.path}"}
        call.events.append(Event(at_us, "model.called", told))

    async def _send(self, call: Call, passed: Passed, line: Line, body: bytes) -> Upstream:
        provider = line.target.provider
        secret = line.caller_key or ("" if line.key is None else line.key.secret)
        wire = "passthrough"
        path = below(provider, passed.path, passed.query)
        content_type = passed.content_type.decode("latin-1") if body else ""
        asked = Request(
            wire,
            path,
            call.model,
            call.view.stream,
            body,
            secret,
            method=passed.method,
            content_type=content_type,
        )
        try:
            if provider.opener is not None and provider.opener.stale():
                await provider.opener.ready()
            head = _with_lines(provider.head(asked), call)
        except BadProvider as error:
            raise BadRequest(f"The request cannot be passed on: {error}.") from error
        head += call.notes.get("upstream.lines", b"")
        return await self._client.send(provider.origin, head, body, deadlines=self._deadlines, whole=False)

    async def _answer(
        self, call: Call, passed: Passed, line: Line, came: tuple[Upstream, float], visit: Visit
    ) -> Reply:
        upstream, began = came
        now = self._clock.monotonic()
        visit.answered_at = now
        reply = Reply(upstream.status)
        reply.provider, reply.model = line.target.provider.name, call.model
        reply.upstream_us, reply.first_byte_us = int((now - began) * 1e6), int((now - call.t0) * 1e6)
        reply.content_type = upstream.header(b"content-type") or b"application/octet-stream"
        reply.headers += [(name, value) for name, value in upstream.headers if name.startswith(KEPT)]
        if not 200 <= upstream.status < 300:
            return await self._refusal(line, upstream, reply, visit)
        if reply.content_type.startswith(b"text/event-stream"):
            call.notes["streaming"] = True
            call.view.stream = True
            relay = Relay(self._clock, self._settler, self._keeper, visit)
            reply.chunks = relay.chunks(call, reply, upstream, PassedWatch())
        elif is_json(reply.content_type) or upstream.status == 204:
            reply.body = await upstream.read(MAX_WHOLE)
            visit.over(ok=True, status=200)
            self._account(call, passed, reply)
        else:
            call.notes["streaming"] = True
            _not_scanned(call, "answer")
            reply.chunks = self._bytes(call, passed, reply, upstream, visit)
        return reply

    def _account(self, call: Call, passed: Passed, reply: Reply) -> None:
        """What a whole answer says of its usage. What is free costs nothing; what says nothing costs nobody knows what."""
        try:
            facts = SPEC.read_reply(reply.body) if reply.body else None
        except ValueError:
            facts = None
        if facts is not None and facts.usage.known:
            at_us = int((self._clock.monotonic() - call.t0) * 1e6)
            self._settler.answered(call, reply, facts, at_us)
            reply.finish = ""
            return
        self._unknown(call, passed, reply)

    def _unknown(self, call: Call, passed: Passed, reply: Reply) -> None:
        reply.usage = Usage()
        if passed.free or passed.method in STATELESS:
            reply.cost_pico, reply.price_known = 0, True
        else:
            self._settler.price(call, reply)

    async def _refusal(self, line: Line, upstream: Upstream, reply: Reply, visit: Visit) -> Reply:
        status = upstream.status
        body = await upstream.read(MAX_WHOLE)
        own = line.caller_key is None and line.target.provider.has_key
        told = (
            ProviderError("The provider sends elsewhere, which is not followed.", provider=reply.provider, upstream_status=status)
            if status < 400
            else upstream_refusal(
                status, body, own_key=own, retry_after=upstream.header(b"retry-after"), provider=reply.provider
            )
        )  # fmt: skip
        visit.over(ok=400 <= status < 500 and status != 429, status=status)
        if own and status in (401, 402, 403, 429):
            self._fleet.cool(line.way, status, None)
        if isinstance(told, GatewayError):
            raise told
        reply.body, reply.error_code, reply.cost_pico = told.body, told.code, 0
        reply.content_type = b"application/json"
        return reply

    async def _bytes(
        self, call: Call, passed: Passed, reply: Reply, upstream: Upstream, visit: Visit
    ) -> AsyncGenerator[bytes, None]:
        """What is neither JSON nor events passes as it comes, and is not kept."""
        size = 0
        try:
            last = b""
            async for chunk in upstream:
                size += len(chunk)
                if last:
                    yield last
                last = chunk
            visit.over(ok=True, status=200)
            self._done(call, passed, reply, size)
            self._settler.settle(call, reply)
            yield last
        except UpstreamFailure as failure:
            visit.over(ok=False, status=0)
            error = provider_failure(reply.provider, failure)
            reply.error_code = error.code
            self._done(call, passed, reply, size)
            self._settler.settle(call, reply, error=error, status="failed")
            raise ConnectionError("the provider's answer broke off") from failure
        except (asyncio.CancelledError, GeneratorExit):
            upstream.cancel()
            visit.left()
            reply.error_code = "client_closed_request"
            self._done(call, passed, reply, size)
            self._settler.settle(call, reply, status="cancelled")
            raise

    def _done(self, call: Call, passed: Passed, reply: Reply, size: int) -> None:
        self._unknown(call, passed, reply)
        reply.body = json.encode({"not_recorded": reply.content_type.decode("latin-1"), "bytes": size})


def _first(able: Sequence[Provider], default: Provider) -> Provider:
    return able[0] if able else default


def _not_scanned(call: Call, what: str) -> None:
    told: list[str] = call.explanation.setdefault("not_scanned_bodies", [])
    if what not in told:
        told.append(what)
        call.warn(f"the {what} is not JSON and was not scanned")


def _with_lines(head: bytes, call: Call) -> bytes:
    """The head with what the client said in headers that mean something to providers, in place of our own."""
    told = {name: call.headers[name] for name in FORWARDED if name in call.headers}
    sound = {
        name: value
        for name, value in told.items()
        if value.isascii() and value.decode().isprintable() and value
    }
    if not sound:
        return head
    lines = [line for line in head.split(b"\r\n") if line and line.partition(b":")[0].lower() not in sound]
    return b"\r\n".join([*lines, *(b"%b: %b" % pair for pair in sound.items())]) + b"\r\n"
