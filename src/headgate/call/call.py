"""`Call`: one request on its way through the phases. `Reply`: what goes back. Both are filled in as they travel."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Literal

import msgspec

from headgate.call.caller import Caller
from headgate.call.frames import Event, Usage

Wire = Literal[
    "openai.chat",
    "openai.completions",
    "openai.embeddings",
    "openai.models",
    "openai.responses",
    "anthropic.messages",
    "anthropic.count_tokens",
    "google.generate",
    "google.count_tokens",
    "bedrock.converse",  # to providers only
    "passthrough",
]
CacheWish = Literal["", "allow", "bypass", "refresh"]


class View(msgspec.Struct):
    """What every wire's typed view of a request body has in common. Unknown fields stay in the raw body."""

    model: str
    stream: bool = False
    temperature: float | None = None


class Call:
    """One request. The raw `body` is the truth; `view` is what we need to read of it.

    `received_us` is wall time in microseconds; `t0` a monotonic clock in seconds, for latencies.
    """

    __slots__ = (
        "agent", "app", "body", "cache_max_age_s", "cache_wish", "caller", "coalesce", "endpoint", "events", "explanation",
        "force_live", "headers", "model", "notes", "parent_run", "peer", "project", "received_us", "role", "run_id", "session",
        "subject", "t0", "view", "warnings", "wire",
    )  # fmt: skip

    def __init__(
        self, *, run_id: str, wire: Wire, endpoint: str, caller: Caller, headers: dict[bytes, bytes], body: bytes,
        view: View, received_us: int, t0: float,
    ) -> None:  # fmt: skip
        self.run_id = run_id
        self.wire: Wire = wire
        self.endpoint = endpoint  # the path on our side, for example "/v1/chat/completions"
        self.caller = caller
        self.headers = headers  # names in lower case
        self.body = body
        self.view = view
        self.model = view.model  # what dispatch asks for; `view.model` stays what the client asked for
        self.received_us = received_us
        self.t0 = t0
        self.app = ""
        self.agent = ""
        self.subject = ""
        self.project = ""
        self.session = ""
        self.parent_run = ""
        self.peer = ""  # the address of the client, as far as proxies are trusted; empty on our own socket
        self.role = ""  # "branch" or "shadow" of another call, which has been shaped already
        self.cache_wish: CacheWish = ""
        self.cache_max_age_s: int | None = None
        self.coalesce = True
        self.force_live = False
        self.events: list[Event] = []
        self.explanation: dict[str, Any] = {}
        self.notes: dict[str, Any] = {}
        self.warnings: list[str] = []

    @property
    def tenant(self) -> str:
        return self.caller.tenant

    @property
    def observing(self) -> bool:
        """An observe key: decide and record, but never block and never serve an optimised answer."""
        return self.caller.mode == "observe"

    def event(self, at_us: int, name: str, **payload: Any) -> None:
        """Put a trace event on the run. `at_us` is wall time in microseconds."""
        self.events.append(Event(at_us, name, payload))

    def warn(self, text: str) -> None:
        """A sentence for the `x-headgate-warnings` header and the run."""
        self.warnings.append(text)


class Reply:
    """What goes back to the client. Either `body`, or `chunks` for a stream; `body` then holds what was streamed, at the end."""

    __slots__ = (
        "body",
        "cache",
        "chunks",
        "content_type",
        "cost_pico",
        "error_code",
        "finish",
        "first_byte_us",
        "ghost_route",
        "ghost_saved_pico",
        "headers",
        "model",
        "price_known",
        "provider",
        "route",
        "run_lines",
        "same_as",
        "saved_ms",
        "saved_pico",
        "status",
        "tool_calls",
        "upstream_us",
        "usage",
        "usage_raw",
    )  # fmt: skip

    def __init__(
        self, status: int, body: bytes = b"", *, route: str = "live", content_type: bytes = b"application/json",
        chunks: AsyncGenerator[bytes, None] | None = None,
    ) -> None:  # fmt: skip
        self.status = status
        self.body = body
        self.chunks = chunks
        self.content_type = content_type
        self.route = route
        self.headers: list[tuple[bytes, bytes]] = []  # beyond the run headers
        self.run_lines = b""  # the run headers, each line with its end, once the reply is dressed
        self.provider = ""
        self.model = ""
        self.cache = ""  # hit | miss | coalesced | bypass | refresh | ""
        self.usage = Usage()
        self.usage_raw = b""  # the provider's own usage object, as it came
        self.cost_pico: int | None = 0
        self.price_known = True
        self.saved_pico: int | None = 0
        self.saved_ms = 0
        self.ghost_route = ""
        self.ghost_saved_pico: int | None = 0
        self.finish = ""
        self.tool_calls = False
        self.error_code = ""
        self.first_byte_us = 0
        self.upstream_us = 0
        self.same_as = ""  # a run whose stored request and response are byte for byte these
