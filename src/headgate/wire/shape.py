"""The contract of a wire: what it can read, change and stream. The table of all wires is in `spec.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import msgspec

from headgate.call.call import Call, View, Wire
from headgate.call.frames import Usage
from headgate.kernel.errors import GatewayError


class ReplyFacts(msgspec.Struct, frozen=True, gc=False):
    """What accounting and caching need to know of an answer. `usage_raw` is the provider's own usage, byte for byte."""

    usage: Usage
    usage_raw: bytes
    finish: str  # with several choices the one that is not "stop", if there is one
    tool_calls: bool
    model: str
    refused: bool = False
    id: str = ""  # of an answer that a later call may go on from


class StreamWatch(Protocol):
    """Watches the SSE bytes of one answer on their way to the client. Chunk boundaries anywhere change nothing."""

    done: bool  # [DONE] has been seen
    error: bytes | None  # the data of an error event inside the stream

    def feed(self, chunk: bytes) -> bytes:
        """Bytes from the provider in, bytes that may leave now out. Raises ProviderError for an event beyond all bounds."""
        ...

    def finish(self) -> bytes:
        """The stream has ended: what was still held back."""
        ...

    def facts(self) -> ReplyFacts:
        """What is known so far."""
        ...


class FromStream(Protocol):
    """Puts a stream's events together to the whole body, or None when it is incomplete or failed."""

    def __call__(self, stream: bytes, usage_raw: bytes = b"") -> bytes | None:
        """`usage_raw`: the usage when it was hidden from the stream."""
        ...


@dataclass(frozen=True, slots=True)
class WireSpec:
    """One client format."""

    wire: Wire
    path: str  # on our side and under the provider's base URL
    parse: Callable[[bytes], View]  # raises BadRequest that names the field
    upstream_body: Callable[[Call], bytes]  # the client's own bytes when nothing changes
    read_reply: Callable[[bytes], ReplyFacts]  # raises ValueError when the answer is no JSON object
    cache_form: Callable[
        [bytes], bytes
    ]  # canonical bytes of everything in a request that can change its answer
    last_user_text: Callable[[View], str]  # for lists, the first 200 characters
    watch: Callable[[Call], StreamWatch] | None = None
    to_stream: Callable[[bytes, Call], list[bytes]] | None = (
        None  # a whole body as SSE events, [DONE] included
    )
    from_stream: FromStream | None = None
    # the events that end a stream which broke; None: an error object as data, then [DONE]
    stream_error: Callable[[GatewayError], bytes] | None = None
    model_in_path: bool = False  # `path` is a template, and the body need not name the model
    # what a provider of another format has to be told; None: the client's body says all
    whole_body: Callable[[Call], bytes] | None = None


class StreamOptions(msgspec.Struct, gc=False):
    """What we read of `stream_options`."""

    include_usage: bool | None = None


class StreamView(View):
    """A request of a wire that can stream."""

    stream_options: StreamOptions | msgspec.UnsetType | None = msgspec.UNSET

    @property
    def wants_usage(self) -> bool:
        """The client itself asked for usage at the end of its stream."""
        options = self.stream_options
        return isinstance(options, StreamOptions) and options.include_usage is True
