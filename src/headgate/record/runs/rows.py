"""Frames as rows: plain functions of values, in the order of the tables' columns."""

from __future__ import annotations

from typing import Any

import msgspec

from headgate.call.frames import Attempt, Closed, Event, Opened, Usage

MAX_INT = 2**63 - 1
KEY_BYTES = 32  # of the hash of an idempotency key
SIDE_EFFECT = "side_effect."
UNKNOWN = "the outcome and the cost of this call are not known"
DEFAULT_LEVEL = 3  # an undeclared tool counts as a user-visible write


class Details(msgspec.Struct, array_like=True):
    """What only the detail view of a run needs. New fields go to the end."""

    wire: str = ""
    endpoint: str = ""
    user_id: str = ""
    stream: bool = False
    usage: Usage = msgspec.field(default_factory=Usage)
    usage_raw: bytes = b""
    cache: str = ""
    finish: str = ""
    first_byte_us: int = 0
    upstream_us: int = 0
    hold_pico: int = 0
    warnings: list[str] = msgspec.field(default_factory=list[str])
    explanation: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    metadata: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])


_encode = msgspec.msgpack.Encoder().encode
read_details = msgspec.msgpack.Decoder(Details).decode


class Place(msgspec.Struct):
    """Where a run goes: its number, its batch, its chain's head and its payload."""

    seq: int
    batch: int
    head: bytes
    payload: bytes | None = None
    payload_at: int = 0


def run_row(run: Closed, place: Place, *, hold_pico: int = 0) -> tuple[Any, ...]:
    """The row of table `runs`."""
    usage = run.usage
    prompt, completion, cached = usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens
    if (
        prompt > MAX_INT or completion > MAX_INT or cached > MAX_INT
    ):  # a provider's nonsense must not cost the run its record
        prompt, completion, cached = min(prompt, MAX_INT), min(completion, MAX_INT), min(cached, MAX_INT)
    return (
        place.seq, run.tenant, run.run_id, run.at_us, run.latency_us, run.status, run.http_status, run.route, run.app, run.agent,
        run.model, run.served_model, run.provider, run.subject, run.project, run.key_id, run.mode, prompt, completion, cached,
        run.cost_pico, run.price_known, run.saved_pico, run.saved_ms, run.ghost_route, run.ghost_saved_pico, run.error_code,
        run.error_message, run.preview, run.parent_run, run.session, run.same_as, place.payload, place.payload_at, place.batch,
        len(run.events), place.head,
        _encode((  # a Details, without making one
            run.wire, run.endpoint, run.user_id, run.stream, usage, run.usage_raw, run.cache, run.finish, run.first_byte_us,
            run.upstream_us, hold_pico, run.warnings, run.explanation, run.metadata,
        )),
    )  # fmt: skip


def facts(run: Closed) -> bytes:
    """What a run's chain vouches for beside its events. Nothing in it is changed by retention or erasure."""
    usage = run.usage
    return _encode((
        run.at_us, run.latency_us, run.status, run.http_status, run.route, run.app, run.agent, run.model, run.served_model,
        run.provider, run.project, run.key_id, run.mode, min(usage.prompt_tokens, MAX_INT), min(usage.completion_tokens, MAX_INT),
        min(usage.cached_tokens, MAX_INT), run.cost_pico, run.price_known, run.saved_pico, run.saved_ms, run.ghost_route,
        run.ghost_saved_pico, run.error_code, run.parent_run,
    ))  # fmt: skip


def facts_of_row(row: Any) -> bytes:
    """The same of a row of table `runs`."""
    return _encode((
        row.at_us, row.latency_us, row.status, row.http_status, row.route, row.app, row.agent, row.model, row.served_model,
        row.provider, row.project, row.key_id, row.mode, row.prompt_tokens, row.completion_tokens, row.cached_tokens,
        row.cost_pico, bool(row.price_known), row.saved_pico, row.saved_ms, row.ghost_route, row.ghost_saved_pico,
        row.error_code, row.parent_run,
    ))  # fmt: skip


RESPONSE = "response_id"  # in the explanation of a run: the id of the response it made, when that is kept


def response_row(run: Closed) -> tuple[Any, ...]:
    """The row of the response that a run made."""
    return (
        run.tenant,
        run.explanation[RESPONSE],
        run.run_id,
        run.app,
        run.subject,
        run.provider,
        run.at_us,
        None,
    )


def interrupted(opened: Opened, *, now_us: int) -> Closed:
    """The run of a call that was begun by a process which then died. What was held for it counts as its cost, as an
    estimate; without a hold its cost is unknown."""
    event = Event(now_us, "run.interrupted", {"reason": "the gateway ended before the call did"})
    held = opened.hold_pico or None
    told = "the outcome of this call is not known, and its cost is what was held for it" if held else UNKNOWN
    return Closed(
        opened.run_id, opened.tenant, opened.at_us, 0, "interrupted", 0, "live", opened.wire, opened.endpoint, opened.app,
        opened.agent, opened.subject, opened.key_id, opened.user_id, opened.mode, opened.stream, opened.model, opened.model,
        opened.provider, Usage(), b"", held, False, None, 0, "", None, "", "", "interrupted",
        "the gateway ended before the call did", 0, 0, [event], {}, [told], b"", b"", "", opened.parent_run, opened.project,
        opened.session, {"tags": opened.tags} if opened.tags else {},
    )  # fmt: skip


def running(opened: Opened, *, now_us: int) -> Closed:
    """How a call that is still going on looks in lists."""
    return Closed(
        opened.run_id, opened.tenant, opened.at_us, max(0, now_us - opened.at_us), "running", 0, "live", opened.wire,
        opened.endpoint, opened.app, opened.agent, opened.subject, opened.key_id, "", opened.mode, opened.stream, opened.model,
        opened.model, opened.provider, Usage(), b"", None, False, None, 0, "", None, "", "", "", "", 0, 0, [], {}, [], b"", b"",
        "", "", opened.project,
    )  # fmt: skip


def side_effect_row(tenant: str, run_id: str, number: str, event: Event) -> tuple[Any, ...]:
    """The row of a `side_effect.*` trace event; `number` tells it from the others of its run."""
    data = event.payload
    level = data.get("level", data.get("sideEffectLevel", DEFAULT_LEVEL))
    return (
        f"se_{run_id.removeprefix('run_')}_{number}", tenant, run_id, event.at_us,
        str(data.get("toolName") or data.get("tool") or data.get("name") or ""),
        level if isinstance(level, int) and 0 <= level <= 4 else DEFAULT_LEVEL,
        event.name.removeprefix(SIDE_EFFECT), msgspec.json.encode(data).decode(),
    )  # fmt: skip


def attempt_row(run: Closed, each: Attempt) -> tuple[Any, ...]:
    """The row of table `attempts`."""
    return (
        run.tenant, run.run_id, each.number, each.at_us, each.latency_us, each.provider, each.key_ref, each.model,
        each.outcome, each.status, each.reason, each.prompt_tokens, each.completion_tokens, each.cost_pico,
    )  # fmt: skip


def repeat_row(run: Closed) -> tuple[Any, ...]:
    """The row of table `repeats` for a run whose answer may be asked for again."""
    facts = (run.stream, run.provider, run.served_model, run.finish)
    return run.repeat[:KEY_BYTES], run.tenant, run.run_id, run.repeat[KEY_BYTES:], run.at_us, _encode(facts)


read_repeat = msgspec.msgpack.Decoder(tuple[bool, str, str, str]).decode
