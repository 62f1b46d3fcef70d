"""One attempt: a call is sent one way, in that provider's format, and what comes back is judged."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import msgspec

from headgate.call.call import Call, Reply, Wire
from headgate.gateway.dispatch_failure import AttemptFailed, unsendable
from headgate.gateway.dispatch_opening import FailedBeforeContent, Opened, open_stream
from headgate.gateway.plane import PlaneKeeper
from headgate.gateway.settle import Settler
from headgate.gateway.stream import Relay
from headgate.gateway.upstream import Upstream, provider_failure
from headgate.gateway.upstreams.fleet import Fleet, Visit
from headgate.gateway.upstreams.order import Line
from headgate.gateway.upstreams.retrying import retry_after_s
from headgate.kernel.clock import Clock
from headgate.kernel.errors import BadRequest, GatewayError, ProviderError
from headgate.providers.client import HttpClient
from headgate.providers.mock import MockProvider
from headgate.providers.table import BadProvider
from headgate.providers.upstream import Deadlines, UpstreamFailure
from headgate.wire.anthropic.headers import with_client_headers
from headgate.wire.errors import PASSED, Refusal, error_body, upstream_refusal
from headgate.wire.shape import ReplyFacts, WireSpec
from headgate.wire.translate import Translation, needs_translation

MAX_ANSWER_BYTES = 64 * 1024 * 1024
PASSED_PREFIXES = (b"x-request-id", b"request-id", b"openai-", b"x-ratelimit-", b"anthropic-ratelimit-")
KEY_TROUBLE = frozenset({401, 402, 403, 429})  # of the key, not of the provider
_ERROR_HEAD = 64  # bytes in which a 200 that is an error says so


@dataclass(frozen=True, slots=True)
class Lines:
    """The ways out: HTTP to real providers, the mock in this process, how long either may take, and how all are doing."""

    client: HttpClient
    mock: MockProvider
    deadlines: Deadlines
    fleet: Fleet


@dataclass(frozen=True, slots=True)
class Terms:
    """What one attempt may take. `guarded`: another could follow, so a stream is held back until its first content."""

    left_s: float
    limited: bool = False  # `left_s` is shorter than the time-outs of the server
    attempt_s: float = 0.0
    guarded: bool = False
    first_content_s: float = 60.0


class Attempts:
    """Makes attempts."""

    def __init__(self, clock: Clock, keeper: PlaneKeeper, settler: Settler, lines: Lines) -> None:
        self._clock = clock
        self._keeper = keeper
        self._settler = settler
        self._lines = lines

    async def make(self, call: Call, spec: WireSpec, line: Line, visit: Visit, terms: Terms) -> Reply:
        """The answer, or AttemptFailed. `visit` is over when it is a whole one; a stream ends it itself."""
        began = self._clock.monotonic()
        try:
            translation = _translation(call, spec, line)
            upstream = await self._send(call, spec, line, translation, terms)
            visit.answered_at = self._clock.monotonic()
            reply = self._reply(call, line, upstream, began)
            if upstream.status != 200:
                raise await self._refusal(call, line, upstream, reply, translation)
            if call.view.stream and spec.watch is not None and _is_stream(upstream):
                return await self._stream(call, spec, (upstream, reply, translation), visit, terms)
            await self._whole(call, spec, upstream, reply, translation)
        except BadRequest as error:
            visit.left()
            raise unsendable(error) from error
        except UpstreamFailure as failure:
            visit.over(ok=False, status=0)
            raise _network(line, failure) from failure
        except AttemptFailed as failure:
            visit.over(ok=failure.status in KEY_TROUBLE or failure.final, status=failure.status)
            if failure.status in KEY_TROUBLE and line.caller_key is None:
                self._lines.fleet.cool(line.way, failure.status, failure.wait_s)
            raise
        except asyncio.CancelledError:
            visit.left()
            raise
        visit.over(ok=True, status=200)
        return reply

    def _reply(self, call: Call, line: Line, upstream: Upstream, began: float) -> Reply:
        now = self._clock.monotonic()
        reply = Reply(upstream.status)
        reply.provider, reply.model = line.target.provider.name, call.model
        reply.cache = call.notes.get("cache.state", "")
        reply.upstream_us = int((now - began) * 1e6)
        reply.first_byte_us = int((now - call.t0) * 1e6)
        for name, value in upstream.headers:
            if name.startswith(PASSED_PREFIXES):
                reply.headers.append((name, value))
        return reply

    async def _send(
        self, call: Call, spec: WireSpec, line: Line, translation: Translation | None, terms: Terms
    ) -> Upstream:
        provider = line.target.provider
        wire: Wire = call.wire
        call.notes["provider"] = provider.name  # some bodies depend on who gets them
        if translation is None:
            body = spec.upstream_body(call)
            path = _path(call, spec) if spec.model_in_path else spec.path
        else:
            body, wire, path = translation.body, translation.wire, translation.path
        if provider.is_mock:
            return await self._mock(path, body, terms)
        stream = call.view.stream
        try:
            if provider.opener is not None and provider.opener.stale():
                await provider.opener.ready()
            head = provider.prepare(wire, path, call.model, stream, body, line.key, line.caller_key)
            if wire[0] == "a":
                head = with_client_headers(head, call, wire)
        except BadProvider as error:
            raise AttemptFailed(
                ProviderError(f"The provider cannot be asked: {error}.", provider=provider.name), "failed", reason=str(error)
            ) from error  # fmt: skip
        return await self._lines.client.send(
            provider.origin, head + call.notes.get("upstream.lines", b""), body,
            deadlines=self._deadlines(terms, stream=stream), whole=not stream,
        )  # fmt: skip

    async def _mock(self, path: str, body: bytes, terms: Terms) -> Upstream:
        if not terms.limited and not terms.attempt_s:
            return await self._lines.mock.send(path, body)
        try:
            async with asyncio.timeout(min(terms.left_s, terms.attempt_s or terms.left_s)):
                return await self._lines.mock.send(path, body)
        except TimeoutError:
            raise UpstreamFailure("total_timeout", "the mock took too long", sent=True) from None

    def _deadlines(self, terms: Terms, *, stream: bool) -> Deadlines:
        usual = self._lines.deadlines
        if not (terms.limited or terms.attempt_s or terms.guarded):
            return usual
        first_s = min(usual.first_byte_s, terms.left_s, terms.attempt_s or terms.left_s)
        if stream:
            total_s = min(usual.total_s, terms.left_s)
            first_s = min(first_s, terms.first_content_s) if terms.guarded else first_s
        else:
            total_s = min(usual.total_s, terms.left_s, terms.attempt_s or terms.left_s)
        return replace(usual, first_byte_s=first_s, total_s=total_s)

    async def _stream(
        self,
        call: Call,
        spec: WireSpec,
        came: tuple[Upstream, Reply, Translation | None],
        visit: Visit,
        terms: Terms,
    ) -> Reply:
        upstream, reply, translation = came
        if terms.guarded:
            upstream = await self._opened(call, upstream, reply.provider, translation, terms)
            reply.first_byte_us = int((self._clock.monotonic() - call.t0) * 1e6)
        assert spec.watch is not None
        reply.content_type = b"text/event-stream; charset=utf-8"
        relay = Relay(
            self._clock,
            self._settler,
            self._keeper,
            visit,
            None if translation is None else translation.stream(),
        )
        call.notes["streaming"] = True
        reply.chunks = relay.chunks(call, reply, upstream, spec.watch(call))
        return reply

    async def _opened(
        self, call: Call, upstream: Upstream, provider: str, translation: Translation | None, terms: Terms
    ) -> Opened:
        within_s = min(terms.left_s, terms.attempt_s or terms.left_s, terms.first_content_s)
        try:
            return await open_stream(
                upstream, call.wire if translation is None else translation.wire, within_s=within_s
            )
        except FailedBeforeContent as failure:
            status = failure.status
            told = ProviderError(
                failure.message or "The provider's stream failed before it said anything.",
                provider=provider, reason=failure.reason,
            )  # fmt: skip
            outcome = "unknown" if failure.reason == "first_content_timeout" else "failed"
            raise AttemptFailed(told, outcome, status=status, reason=failure.reason) from failure

    async def _whole(
        self, call: Call, spec: WireSpec, upstream: Upstream, reply: Reply, translation: Translation | None
    ) -> None:
        body = upstream.body if not call.view.stream else await upstream.read(MAX_ANSWER_BYTES)
        if b'"error"' in body[:_ERROR_HEAD] and (inside := _error_inside(body)):
            upstream_status, message = inside
            told = ProviderError(message, provider=reply.provider, upstream_status=200)
            raise AttemptFailed(told, "failed", status=upstream_status, reason="error_in_200")
        try:
            reply.body = body if translation is None else translation.reply(body)
            facts = spec.read_reply(reply.body)
        except ValueError as error:
            told = ProviderError(
                "The provider's answer is not the JSON it should be.",
                provider=reply.provider,
                upstream_status=200,
            )
            raise AttemptFailed(told, "unknown", status=200, reason="not_json") from error
        if translation is not None:
            facts = _with_usage(facts, translation)
        self._settler.answered(call, reply, facts, reply.first_byte_us)

    async def _refusal(
        self, call: Call, line: Line, upstream: Upstream, reply: Reply, translation: Translation | None
    ) -> AttemptFailed:
        """Not 200: passed on as it is, or turned into our own error, as the contract says."""
        status = upstream.status
        body = await upstream.read(MAX_ANSWER_BYTES)
        body = error_body(status, body, call.wire) if translation is None else translation.error(status, body)
        own_key = line.caller_key is None and line.target.provider.has_key
        told = upstream_refusal(
            status,
            body,
            own_key=own_key,
            retry_after=upstream.header(b"retry-after"),
            provider=reply.provider,
        )
        call.explanation["upstream_status"] = status
        final = status in PASSED or (status in (401, 403) and not own_key)
        wait_s = retry_after_s(upstream.header, self._clock.now())
        return AttemptFailed(
            _passed(told, reply), "refused" if final else "failed", status=status, reason=f"status {status}",
            wait_s=wait_s,
        )  # fmt: skip


def _path(call: Call, spec: WireSpec) -> str:
    """The path with the model in it. A stream is asked for as events, however its client wants it."""
    path = spec.path.format(model=quote(call.model, safe="/"))
    return f"{path}?alt=sse" if call.view.stream else path


def _translation(call: Call, spec: WireSpec, line: Line) -> Translation | None:
    provider = line.target.provider
    if call.wire in provider.speaks:
        return None
    wire = needs_translation(call.wire, provider)
    return None if wire is None else Translation(call, spec, wire, line.target.upstream_model)


def _passed(told: Refusal | GatewayError, reply: Reply) -> Reply | GatewayError:
    if isinstance(told, GatewayError):
        return told
    reply.status, reply.body, reply.error_code = told.status, told.body, told.code
    reply.headers.extend(told.headers)
    reply.cost_pico = 0
    return reply


def _network(line: Line, failure: UpstreamFailure) -> AttemptFailed:
    error = provider_failure(line.target.provider.name, failure)
    return AttemptFailed(error, "unknown" if failure.sent else "failed", reason=failure.kind)


def _with_usage(facts: ReplyFacts, translation: Translation) -> ReplyFacts:
    """The provider's own token classes, where the client's format has no place for some of them."""
    if not translation.usage.known:
        return facts
    return msgspec.structs.replace(facts, usage=translation.usage, usage_raw=translation.usage_raw)


class _Error(msgspec.Struct):
    code: Any = None
    message: Any = None


class _Answer(msgspec.Struct):
    error: _Error | None = None
    choices: Any = None
    output: Any = None
    content: Any = None


_read_answer = msgspec.json.Decoder(_Answer).decode


def _error_inside(body: bytes) -> tuple[int, str] | None:
    """(status, message) of an error object that came with status 200 in place of an answer."""
    try:
        answer = _read_answer(body)
    except (ValueError, RecursionError):
        return None
    error = answer.error
    if error is None or answer.choices or answer.output or answer.content:
        return None
    status = error.code if isinstance(error.code, int) and 400 <= error.code < 600 else 502
    told = isinstance(error.message, str) and error.message
    return status, error.message if told else "The provider answered with an error."


def _is_stream(upstream: Upstream) -> bool:
    content_type = upstream.header(b"content-type")
    return content_type is None or content_type.startswith(
        (b"text/event-stream", b"application/vnd.amazon.eventstream")
    )
