"""Translation: a call in its client's wire, asked of a provider in another one, and the answer in the client's again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from urllib.parse import quote

from headgate.call.call import Call, Wire
from headgate.call.frames import Usage
from headgate.wire.codec import Fates
from headgate.wire.codecs import CODECS
from headgate.wire.custom_tools import Unwrapping, with_functions_only
from headgate.wire.neutral import Event, Failed, Opaque, Reply, Request, Started, Tokens, UsageTold
from headgate.wire.shape import WireSpec

# In this order a provider's wires are tried for a call in a wire that it does not speak.
UPSTREAM_ORDER: tuple[Wire, ...] = (
    "openai.chat", "anthropic.messages", "google.generate", "bedrock.converse", "openai.responses",
)  # fmt: skip
UPSTREAM_PATHS: dict[Wire, str] = {
    "openai.chat": "/v1/chat/completions",
    "anthropic.messages": "/v1/messages",
    "openai.responses": "/v1/responses",
    "google.generate": "/v1beta/models/{model}:generateContent",
    "google.count_tokens": "/v1beta/models/{model}:countTokens",
    "bedrock.converse": "/model/{model}/converse",
}
STREAM_PATHS: dict[Wire, str] = {
    "google.generate": "/v1beta/models/{model}:streamGenerateContent?alt=sse",
    "bedrock.converse": "/model/{model}/converse-stream",
}


class Speaker(Protocol):
    """What is asked of a provider here: which wires it speaks."""

    @property
    def speaks(self) -> frozenset[Wire]: ...


def needs_translation(wire: Wire, provider: Speaker) -> Wire | None:
    """The provider's wire that a call in `wire` has to be put into; None when it goes as it is, or nobody could."""
    if wire in provider.speaks or wire not in CODECS:
        return None
    return next((each for each in UPSTREAM_ORDER if each in provider.speaks and each in CODECS), None)


def upstream_path(wire: Wire, model: str, *, stream: bool) -> str:
    """Where a provider takes calls of `wire`."""
    path = STREAM_PATHS.get(wire, UPSTREAM_PATHS[wire]) if stream else UPSTREAM_PATHS[wire]
    slash = "" if wire == "bedrock.converse" else "/"
    return path.format(model=quote(model, safe=slash)) if "{" in path else path


class Translation:
    """One attempt to ask a provider in `upstream_wire`. Losses are warnings on the call.
    Raises BadRequest for what cannot be sent."""

    def __init__(self, call: Call, client: WireSpec, upstream_wire: Wire, model: str) -> None:
        self._call = call
        self._client = CODECS[client.wire]
        self._upstream = CODECS[upstream_wire]
        self.wire: Wire = upstream_wire
        self.path = upstream_path(upstream_wire, model, stream=call.view.stream)
        self.request = self._client.read_request(
            call.body if client.whole_body is None else client.whole_body(call)
        )
        self.request.stream = call.view.stream
        fates = Fates()
        for path in self.request.lost:
            fates.drop(path)
        is_openai = self._upstream.maker == "openai"  # only its formats know custom tools
        asked = self.request if is_openai else with_functions_only(self.request, fates)
        self._unwrapping = None if is_openai else Unwrapping(self.request)
        self.body: bytes = self._upstream.write_request(asked, model, fates)
        for warning in fates.warnings:
            if warning not in call.warnings:
                call.warn(warning)
        self.usage = Usage()  # of the answer, once `reply` has read it
        self.usage_raw = b""

    def reply(self, body: bytes) -> bytes:
        """A whole answer (status 200) in the client's wire. Raises ValueError when it is not what the provider should send."""
        reply = self._upstream.read_reply(body)
        self.usage, self.usage_raw = usage_of(reply.tokens), reply.tokens.raw
        if self._unwrapping:
            self._unwrapping.reply(reply)
        self._complete(reply)
        return self._client.write_reply(reply, self.request)

    def stream(self) -> StreamTranslation:
        """For an answer that streams."""
        return StreamTranslation(self._call, self.request, self.wire, self._call.wire)

    def error(self, status: int, body: bytes) -> bytes:
        """A refusal of the provider as the client's wire has it."""
        return self._client.write_error(self._upstream.read_error(status, body))

    def _complete(self, reply: Reply) -> None:
        """What some providers leave out, and warnings of what the client's wire cannot hold."""
        reply.id = reply.id or self._call.run_id
        reply.created = reply.created or self._call.received_us // 1_000_000
        reply.model = reply.model or self._call.model
        for choice in reply.choices:
            _warn_of_opaque(self._call, choice.parts, self._client.maker)


class StreamTranslation:
    """One stream on its way from the provider's wire to the client's. It tells usage at its end, asked for or not."""

    def __init__(self, call: Call, request: Request, upstream_wire: Wire, client_wire: Wire) -> None:
        self._call = call
        self._reader = CODECS[upstream_wire].stream_reader()
        self._unwrapping = Unwrapping(request) if CODECS[upstream_wire].maker != "openai" else None
        self._writer = CODECS[client_wire].stream_writer(request)
        self.usage = Usage()
        self.usage_raw = b""
        self.failed: Failed | None = None  # the provider's error inside its stream

    def feed(self, chunk: bytes) -> bytes:
        """Bytes of the provider in, whole events of the client's wire out."""
        return self._write(self._reader.feed(chunk))

    def finish(self) -> bytes:
        """The provider's body has ended: the rest, and the end of the client's stream if the answer is complete."""
        return self._write(self._reader.finish()) + self._writer.finish()

    def _write(self, events: Sequence[Event]) -> bytes:
        for event in events:
            if isinstance(event, Started):
                event.id = event.id or self._call.run_id
                event.created = event.created or self._call.received_us // 1_000_000
                event.model = event.model or self._call.model
                if event.tokens is not None:
                    self._take(event.tokens)
            elif isinstance(event, UsageTold):
                self._take(event.tokens)
            elif isinstance(event, Failed):
                self.failed = event
        if self._unwrapping:
            events = self._unwrapping.events(events)
        return self._writer.write(events) if events else b""

    def _take(self, tokens: Tokens) -> None:
        if tokens.known:
            self.usage, self.usage_raw = usage_of(tokens), tokens.raw


def usage_of(tokens: Tokens) -> Usage:
    """Token classes as they are priced and kept."""
    return Usage(
        tokens.input, tokens.output, tokens.cache_read, tokens.cache_write, tokens.reasoning, tokens.known,
        tokens.cache_write_1h, tokens.audio_in, tokens.audio_out, tokens.tier,
    )  # fmt: skip


def _warn_of_opaque(call: Call, parts: Sequence[object], maker: str) -> None:
    for part in parts:
        if isinstance(part, Opaque) and part.maker != maker:
            text = f"the answer's {part.kind} was dropped: the client's format has no place for it"
            if text not in call.warnings:
                call.warn(text)
