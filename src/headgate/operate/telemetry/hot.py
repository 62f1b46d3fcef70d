"""`Telemetry`: takes notes of ended calls without waiting, and lets a thread make spans of them and send them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from headgate.kernel.logging import get_log

log = get_log("telemetry")

MAX_WAITING = 8192  # spans; more are dropped, and counted
BATCH = 512
EVERY_S = 5.0
STOP_S = 5.0


class SpanNote(NamedTuple):
    """One ended call, as the thread needs it."""

    trace: str
    span: str
    parent: str
    began_us: int
    ended_us: int
    failed: str  # the error's code; empty when it went well
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where spans go. Equal destinations share one thread."""

    endpoint: str
    service: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


class Telemetry:
    """The senders there are, one for each destination."""

    def __init__(self) -> None:
        self._senders: dict[Destination, Sender] = {}

    def sender(self, to: Destination) -> Sender:
        """The sender to `to`; begun when it is asked for the first time. Raises ImportError without the extra."""
        found = self._senders.get(to)
        if found is None:
            found = self._senders[to] = Sender(to)
        return found

    def close(self) -> None:
        """Send what waits, for a few seconds at most. Blocks."""
        for sender in self._senders.values():
            sender.close()

    def stats(self) -> dict[str, int]:
        senders = self._senders.values()
        return {
            "sent": sum(each.sent for each in senders), "dropped": sum(each.dropped for each in senders),
            "failed": sum(each.failed for each in senders),
        }  # fmt: skip


class Sender:
    """One thread that sends spans to one destination."""

    def __init__(self, to: Destination) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource

        self._exporter = OTLPSpanExporter(endpoint=to.endpoint, headers=dict(to.headers), timeout=10)
        self._resource = Resource.create({"service.name": to.service})
        self._waiting: queue.Queue[SpanNote | None] = queue.Queue(MAX_WAITING)
        self.sent = self.dropped = self.failed = 0
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
        self._thread.start()

    def put(self, note: SpanNote) -> None:
        """Take a note. Never waits."""
        try:
            self._waiting.put_nowait(note)
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        try:
            self._waiting.put_nowait(None)
        except queue.Full:  # the thread is busy sending; it is a daemon and ends with the process
            return
        self._thread.join(STOP_S)

    def _run(self) -> None:
        while True:
            notes, more = self._next()
            if notes:
                self._send(notes)
            if not more:
                self._exporter.shutdown()
                return

    def _next(self) -> tuple[list[SpanNote], bool]:
        """A batch: full, or what came within some seconds of its first. False when there will be none after it."""
        notes: list[SpanNote] = []
        timeout: float | None = None
        while len(notes) < BATCH:
            try:
                note = self._waiting.get(timeout=timeout)
            except queue.Empty:
                break
            if note is None:
                return notes, False
            notes.append(note)
            timeout = EVERY_S if len(notes) == 1 else min(timeout or EVERY_S, 0.2)
        return notes, True

    def _send(self, notes: Sequence[SpanNote]) -> None:
        from opentelemetry.sdk.trace.export import SpanExportResult

        try:
            result = self._exporter.export([self._span(note) for note in notes])
        except Exception as error:  # noqa: BLE001 - the job edge: whatever the collector does, calls go on
            log.warning("telemetry.not_sent", error=repr(error))
            self.failed += len(notes)
            return
        if result is SpanExportResult.SUCCESS:
            self.sent += len(notes)
        else:
            self.failed += len(notes)

    def _span(self, note: SpanNote) -> Any:
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

        trace, sampled = int(note.trace, 16), TraceFlags(TraceFlags.SAMPLED)
        parent = (
            SpanContext(trace, int(note.parent, 16), is_remote=True, trace_flags=sampled)
            if note.parent
            else None
        )
        status = Status(StatusCode.ERROR, note.failed) if note.failed else Status(StatusCode.OK)
        return ReadableSpan(
            "llm.chat.completion", SpanContext(trace, int(note.span, 16), is_remote=False, trace_flags=sampled), parent,
            self._resource, note.attributes, kind=SpanKind.CLIENT, status=status, start_time=note.began_us * 1000,
            end_time=note.ended_us * 1000,
        )  # fmt: skip
