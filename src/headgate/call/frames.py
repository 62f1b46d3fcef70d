"""The frames of the record: what the gateway writes to the spool and the drain turns into rows.

They are msgpack arrays, so fields are only ever added at the end, with a default. Nothing in them points back to them, so
the garbage collector need not know them (`gc=False`).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

RunStatus = Literal[
    "running", "completed", "failed", "blocked", "approval_required", "cancelled", "interrupted"
]


class Usage(msgspec.Struct, array_like=True, gc=False):
    """Tokens by price class. `cached_tokens`, `cache_write_tokens` and `audio_input_tokens` are part of `prompt_tokens`,
    `reasoning_tokens` and `audio_output_tokens` of `completion_tokens`, `cache_write_1h_tokens` of `cache_write_tokens`."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    known: bool = False  # False: the provider told nothing
    cache_write_1h_tokens: int = 0  # written to a cache that keeps them for an hour; the others for minutes
    audio_input_tokens: int = 0
    audio_output_tokens: int = 0
    tier: str = ""  # what the provider says it served by: "batch", "flex", "priority"; "" is its usual way


class Event(msgspec.Struct, array_like=True, gc=False):
    """One trace event of a run; `at_us` is wall time in microseconds."""

    at_us: int
    name: str
    payload: dict[str, Any]


class Opened(msgspec.Struct, array_like=True, tag="o", gc=False):
    """Written before dispatch: if nothing else follows, the run was interrupted."""

    run_id: str
    tenant: str
    at_us: int
    wire: str
    endpoint: str
    model: str
    provider: str
    app: str
    agent: str
    subject: str
    key_id: str
    mode: str
    stream: bool
    hold_pico: int = 0  # money reserved for the call
    project: str = "default"
    user_id: str = ""
    session: str = ""
    parent_run: str = ""
    tags: dict[str, str] = msgspec.field(default_factory=dict[str, str])


AttemptOutcome = Literal["answered", "refused", "failed", "unknown"]


class Attempt(msgspec.Struct, array_like=True):
    """One try at a provider within a call. `unknown`: nobody can know whether the provider did the work; its tokens and
    cost are then estimates, and not part of what the call is billed."""

    number: int
    at_us: int
    latency_us: int
    provider: str
    key_ref: str
    model: str
    outcome: AttemptOutcome
    status: int = 0  # of HTTP; 0 when no answer came
    reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_pico: int | None = None


class Closed(msgspec.Struct, array_like=True, tag="c", gc=False):
    """Written before the last byte of the answer leaves: everything there is to know about a call."""

    run_id: str
    tenant: str
    at_us: int  # when the request came in
    latency_us: int
    status: RunStatus
    http_status: int
    route: str
    wire: str
    endpoint: str
    app: str
    agent: str
    subject: str
    key_id: str
    user_id: str
    mode: str
    stream: bool
    model: str  # what the client asked for
    served_model: str  # what answered
    provider: str
    usage: Usage
    usage_raw: bytes
    cost_pico: int | None
    price_known: bool
    saved_pico: int | None
    saved_ms: int
    ghost_route: str
    ghost_saved_pico: int | None
    cache: str
    finish: str
    error_code: str
    error_message: str
    first_byte_us: int
    upstream_us: int
    events: list[Event]
    explanation: dict[str, Any]
    warnings: list[str]
    request: bytes
    response: bytes
    same_as: str  # payloads are those of this run (exact repeat); `request` and `response` are then empty
    parent_run: str = ""
    project: str = "default"
    session: str = ""
    metadata: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    preview: str = ""  # the first 200 characters of the last user text: what lists show and search
    attempts: list[Attempt] = msgspec.field(default_factory=list[Attempt])  # when one of them failed, all
    repeat: bytes = (
        b""  # hashes of its idempotency key and of the body that came with it, when it may be asked for again
    )


class Late(msgspec.Struct, array_like=True, tag="l", gc=False):
    """A trace event added to a run from outside (`POST /api/v1/trace`)."""

    run_id: str
    tenant: str
    event: Event


class Feedback(msgspec.Struct, array_like=True, tag="f", gc=False):
    """A rating or correction of a run, by whoever called."""

    id: str
    run_id: str
    tenant: str
    at_us: int
    kind: str
    rating: int | None
    correction: str | None
    key_id: str
    user_id: str


Frame = Opened | Closed | Late | Feedback

encode_frame = msgspec.msgpack.Encoder().encode
decode_frame = msgspec.msgpack.Decoder(Frame).decode
