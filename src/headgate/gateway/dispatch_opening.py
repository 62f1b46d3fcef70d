"""The commit point of a stream: its first events are kept back until the first content, so that a failure can still be
answered by another provider. Bounded in bytes and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from headgate.call.call import Wire
from headgate.gateway.upstream import Upstream
from headgate.providers.upstream import UpstreamFailure
from headgate.wire.codecs import CODECS
from headgate.wire.neutral import Event, Failed, PartEnded, PartStarted, Started, Text, Thinking, UsageTold
from headgate.wire.sse import split_events

MAX_HELD_BYTES = 256 * 1024
_EMPTY = (Text, Thinking)  # parts that begin without saying anything


class FailedBeforeContent(Exception):
    """The stream held an error, ended or fell silent before it said anything."""

    def __init__(self, reason: str, *, status: int = 0, message: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.message = message


class _Reader(Protocol):
    def feed(self, chunk: bytes) -> Sequence[Event]: ...


class _EventReader:
    """For streams without a codec: any event that holds no error is content."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> Sequence[Event]:
        events, self._rest = split_events(self._rest + chunk)
        found: list[Event] = []
        for event in events:
            if event.startswith(b"event: error") or b'"error":{' in event:
                found.append(Failed(502, "The provider failed in the middle of its answer."))
            elif b"data:" in event:
                found.append(PartStarted(0, Text("-")))
        return found


class Opened:
    """An upstream some of whose bytes were read already: they come first."""

    def __init__(self, upstream: Upstream, held: bytes) -> None:
        self._upstream = upstream
        self._rest = upstream.__aiter__()
        self._held = held
        self.status = upstream.status
        self.headers = upstream.headers
        self.body = upstream.body
        self.header = upstream.header
        self.read = upstream.read
        self.cancel = upstream.cancel

    @property
    def ended(self) -> bool:
        return self._upstream.ended and not self._held

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._held:
            held, self._held = self._held, b""
            return held
        return await self._rest.__anext__()


async def open_stream(upstream: Upstream, wire: Wire, *, within_s: float) -> Opened:
    """Read until the first content. Raises FailedBeforeContent and UpstreamFailure; the upstream is then given up."""
    reader: _Reader = (
        _EventReader() if wire not in CODECS or wire == "openai.completions" else CODECS[wire].stream_reader()
    )
    held: list[bytes] = []
    try:
        async with asyncio.timeout(within_s):
            size = 0
            async for chunk in upstream:
                held.append(chunk)
                size += len(chunk)
                if _says_something(reader.feed(chunk)) or size >= MAX_HELD_BYTES:
                    return Opened(upstream, b"".join(held))
    except TimeoutError:
        upstream.cancel()
        raise FailedBeforeContent("first_content_timeout") from None
    except (FailedBeforeContent, UpstreamFailure, asyncio.CancelledError):
        upstream.cancel()
        raise
    raise FailedBeforeContent("incomplete")


def _says_something(events: Sequence[Event]) -> bool:
    """Is there content among the events? Raises FailedBeforeContent for an error that comes first."""
    for event in events:
        if isinstance(event, Failed):
            raise FailedBeforeContent(
                event.code or event.kind or "error_event", status=event.status, message=event.message
            )
        if isinstance(event, (Started, UsageTold, PartEnded)):
            continue
        if isinstance(event, PartStarted) and isinstance(event.part, _EMPTY) and not event.part.text:
            continue
        return True
    return False
