"""Runs as JSON: the shapes of lists and of the detail view, made of rows or of undrained frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from headgate.call.frames import Closed, Event
from headgate.kernel.clock import iso
from headgate.kernel.money import to_usd
from headgate.record.runs.rows import Details, side_effect_row

_as_dict = msgspec.json.Decoder().decode


class RunLine(msgspec.Struct, rename="camel"):
    """A run in a list."""

    id: str
    status: str
    route: str
    model: str
    served_model: str
    provider: str
    app: str
    agent: str
    subject: str
    project: str
    mode: str
    session: str
    parent_run: str
    cost_usd: float | None
    price_known: bool
    saved_usd: float | None
    saved_ms: int
    ghost_route: str
    ghost_saved_usd: float | None
    latency_ms: float
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    http_status: int
    error_code: str
    error: str
    preview: str
    created_at: str


def line_of_row(row: Any) -> RunLine:
    """From a row of the database, whole or the listed columns."""
    return RunLine(
        row.id, row.status, row.route, row.model, row.served_model, row.provider, row.app, row.agent, row.subject,
        row.project, row.mode, row.session, row.parent_run, to_usd(row.cost_pico), bool(row.price_known),
        to_usd(row.saved_pico), row.saved_ms,
        row.ghost_route, to_usd(row.ghost_saved_pico), row.latency_us / 1000, row.prompt_tokens, row.completion_tokens,
        row.cached_tokens, row.http_status, row.error_code, row.error_message, row.preview, iso(row.at_us),
    )  # fmt: skip


def line_of_frame(run: Closed) -> RunLine:
    """From a frame that is not in the database yet."""
    usage = run.usage
    return RunLine(
        run.run_id, run.status, run.route, run.model, run.served_model, run.provider, run.app, run.agent, run.subject,
        run.project, run.mode, run.session, run.parent_run, to_usd(run.cost_pico), run.price_known,
        to_usd(run.saved_pico), run.saved_ms,
        run.ghost_route, to_usd(run.ghost_saved_pico), run.latency_us / 1000, usage.prompt_tokens, usage.completion_tokens,
        usage.cached_tokens, run.http_status, run.error_code, run.error_message, run.preview, iso(run.at_us),
    )  # fmt: skip


def encode_lines(rows: Iterable[Any]) -> list[msgspec.Raw]:
    """Lines as JSON already: made in a thread, so that long lists don't hold up calls."""
    encode = msgspec.json.Encoder().encode
    return [msgspec.Raw(encode(row if isinstance(row, RunLine) else line_of_row(row))) for row in rows]


def detail(line: RunLine, details: Details, bodies: tuple[bytes, bytes] | None) -> dict[str, Any]:
    """The `run` of the detail view."""
    usage = details.usage
    run: dict[str, Any] = msgspec.to_builtins(line)
    run |= {
        "wire": details.wire, "endpoint": details.endpoint, "userId": details.user_id or None, "stream": details.stream,
        "cache": details.cache, "finishReason": details.finish or None, "firstByteMs": details.first_byte_us / 1000,
        "upstreamMs": details.upstream_us / 1000, "holdUsd": to_usd(details.hold_pico), "warnings": details.warnings,
        "routeExplanation": details.explanation, "metadata": details.metadata,
        "usage": {
            "promptTokens": usage.prompt_tokens, "completionTokens": usage.completion_tokens, "cachedTokens": usage.cached_tokens,
            "cacheWriteTokens": usage.cache_write_tokens, "reasoningTokens": usage.reasoning_tokens, "known": usage.known,
        },
        "usageRaw": _json_or_text(details.usage_raw),
        "request": _json_or_text(bodies[0]) if bodies else None,
        "response": _json_or_text(bodies[1]) if bodies else None,
    }  # fmt: skip
    return run


def _json_or_text(body: bytes) -> Any:
    """A body as the JSON it is, or as text: streams are server-sent events."""
    if not body:
        return None
    try:
        _as_dict(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return body.decode(errors="replace")
    return msgspec.Raw(body)


def event_view(index: int, event: Event | None, digest: bytes) -> dict[str, Any]:
    """A trace event. One whose text can't be read any more is shown as damaged."""
    if event is None:
        return {"index": index, "type": "damaged", "at": None, "payload": {}, "hash": digest.hex()}
    return {
        "index": index,
        "type": event.name,
        "at": iso(event.at_us),
        "payload": event.payload,
        "hash": digest.hex(),
    }


def effect_view(row: Sequence[Any]) -> dict[str, Any]:
    """A side effect, from a row."""
    effect_id, _, run_id, at_us, tool, level, status, payload = row
    return {
        "id": effect_id, "runId": run_id, "createdAt": iso(at_us), "toolName": tool, "level": level, "status": status,
        "payload": msgspec.Raw(payload.encode()),
    }  # fmt: skip


def effect_of_event(tenant: str, run_id: str, number: str, event: Event) -> dict[str, Any]:
    return effect_view(side_effect_row(tenant, run_id, number, event))


def feedback_view(each: Any) -> dict[str, Any]:
    """Feedback, from a row or a frame: both have these names."""
    return {
        "id": each.id, "runId": each.run_id, "createdAt": iso(each.at_us), "type": each.kind, "rating": each.rating,
        "correction": each.correction,
    }  # fmt: skip


def attempt_view(each: Any) -> dict[str, Any]:
    """One try at a provider, from a row or a frame: both have these names. `estimated`: nobody knows what it cost."""
    return {
        "number": each.number, "at": iso(each.at_us), "latencyMs": each.latency_us / 1000, "provider": each.provider,
        "key": each.key_ref, "model": each.model, "outcome": each.outcome, "status": each.status or None,
        "reason": each.reason, "promptTokens": each.prompt_tokens, "completionTokens": each.completion_tokens,
        "costUsd": to_usd(each.cost_pico), "estimated": each.outcome == "unknown",
    }  # fmt: skip
