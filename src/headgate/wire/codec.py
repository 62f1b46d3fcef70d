"""The contract of a codec: one wire to and from the neutral form, whole and streamed. The table of all is `codecs.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn, Protocol

from headgate.kernel.errors import BadRequest
from headgate.wire.neutral import Event, Failed, Maker, Opaque, Part, Reply, Request


class Fates:
    """What became of a request's fields on their way to another wire: each loss is told once."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def drop(self, field: str, why: str = "the provider's format has no place for it") -> None:
        """`field` does not reach the provider; the client hears of it in `x-headgate-warnings`."""
        text = f"{field} was dropped: {why}"
        if text not in self.warnings:
            self.warnings.append(text)

    def change(self, field: str, how: str) -> None:
        """`field` reaches the provider, but not as it was."""
        text = f"{field}: {how}"
        if text not in self.warnings:
            self.warnings.append(text)

    def refuse(self, field: str, why: str) -> NoReturn:
        """Without `field` the call would mean something else. Raises BadRequest."""
        raise BadRequest(f"'{field}' cannot be sent to this model's provider: {why}.", param=field)


def own_parts(parts: list[Part], maker: Maker, fates: Fates) -> list[Part]:
    """What an assistant said, without what another maker's servers did for it: that is over, and stands in its text."""
    for part in parts:
        if isinstance(part, Opaque) and part.maker != maker:
            fates.drop(
                f"{part.kind} in an assistant's message", "it means something only to its own provider"
            )
    return [part for part in parts if not isinstance(part, Opaque) or part.maker == maker]


class Reader(Protocol):
    """Reads one stream. Chunk boundaries anywhere change nothing."""

    def feed(self, chunk: bytes) -> list[Event]:
        """Bytes of the provider in, what they tell out. Raises ProviderError for bytes that no stream of this wire holds."""
        ...

    def finish(self) -> list[Event]:
        """The body has ended: open parts end. A stream that stopped before its end gives no Finished."""
        ...


class Writer(Protocol):
    """Writes one stream in the client's wire. What goes out is whole SSE events only."""

    def write(self, events: Sequence[Event]) -> bytes: ...

    def finish(self) -> bytes:
        """The last event of the wire, `[DONE]` where it has one. Nothing after a Failed or without a Finished."""
        ...


class Codec(Protocol):
    """One wire. Bodies that are no JSON of this wire raise: ValueError from replies, BadRequest from requests."""

    @property
    def maker(self) -> Maker: ...

    def read_request(self, body: bytes) -> Request:
        """The client's body. Its own fields that have no neutral meaning go to `extra`, by name."""
        ...

    def write_request(self, request: Request, model: str, fates: Fates) -> bytes:
        """The body for a provider of this wire. Every loss goes to `fates`; raises BadRequest through it."""
        ...

    def read_reply(self, body: bytes) -> Reply:
        """A provider's whole answer (status 200)."""
        ...

    def write_reply(self, reply: Reply, request: Request) -> bytes:
        """The same for a client of this wire. `request` is what that client had asked."""
        ...

    def stream_reader(self) -> Reader: ...

    def stream_writer(self, request: Request) -> Writer: ...

    def read_error(self, status: int, body: bytes) -> Failed:
        """What a provider of this wire says when its status is not 200. Never raises."""
        ...

    def write_error(self, failed: Failed) -> bytes:
        """The same as the body a client of this wire expects."""
        ...
