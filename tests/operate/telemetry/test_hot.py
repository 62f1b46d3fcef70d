"""Spans reach the collector by a thread; a collector that is away costs nothing but the spans."""

from __future__ import annotations

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from headgate.operate.telemetry.hot import MAX_WAITING, Destination, SpanNote, Telemetry
from tests.gateway.conftest import serving
from tests.modules.live import say, switch

TRACE, SPAN, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "00f067aa0ba902b8"
NOTE = SpanNote(TRACE, SPAN, PARENT, 1_000_000, 3_000_000, "", {"llm.model": "m"})


class Collector:
    """An OTLP collector on a free port."""

    def __init__(self) -> None:
        seen: list[ExportTraceServiceRequest] = []
        headers: list[dict[str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = ExportTraceServiceRequest()
                request.ParseFromString(self.rfile.read(int(self.headers["content-length"])))
                seen.append(request)
                headers.append({name.lower(): value for name, value in self.headers.items()})
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                return None

        self.seen, self.headers = seen, headers
        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/traces"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def spans(self) -> list[Any]:
        return [
            span
            for request in self.seen
            for each in request.resource_spans
            for scope in each.scope_spans
            for span in scope.spans
        ]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def collector() -> Any:
    made = Collector()
    yield made
    made.close()


def test_a_span_arrives_with_its_trace(collector: Collector) -> None:
    telemetry = Telemetry()
    to = Destination(collector.url, "gate", (("authorization", "secret"),))
    telemetry.sender(to).put(NOTE)
    telemetry.sender(to).put(NOTE._replace(failed="provider_error", parent=""))
    telemetry.close()
    first, second = collector.spans()
    assert (first.trace_id.hex(), first.span_id.hex(), first.parent_span_id.hex(), first.name) == (
        TRACE,
        SPAN,
        PARENT,
        "llm.chat.completion",
    )
    assert (first.end_time_unix_nano - first.start_time_unix_nano, first.kind, first.status.code) == (
        2_000_000_000,
        3,
        1,
    )
    assert (second.status.code, second.status.message, second.parent_span_id) == (2, "provider_error", b"")
    assert collector.headers[0]["authorization"] == "secret" and "secret" not in repr(to)
    assert telemetry.stats() == {"sent": 2, "dropped": 0, "failed": 0}


def test_a_collector_that_is_away_stops_nothing() -> None:
    telemetry = Telemetry()
    sender = telemetry.sender(Destination("http://127.0.0.1:9/v1/traces", "gate"))
    for _ in range(MAX_WAITING * 2):
        sender.put(NOTE)
    assert telemetry.stats()["dropped"] > 0


async def test_a_call_is_told_in_the_callers_trace(collector: Collector, tmp_path: Any) -> None:
    modules = {"otelexport": {"enabled": True, "endpoint": collector.url, "service_name": "gate"}}
    async with serving(tmp_path / "data", modules=modules) as gateway:
        await switch(gateway, "tracelink")
        await say(gateway, headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})
        await say(gateway, stream=True)
    await asyncio.sleep(0)
    spans = collector.spans()
    assert len(spans) == 2 and spans[0].trace_id.hex() == TRACE and spans[0].parent_span_id.hex() == SPAN
    attributes = {each.key: each.value for each in spans[0].attributes}
    assert (
        attributes["llm.model"].string_value == "gpt-4o-mini" and attributes["llm.cost.usd"].double_value > 0
    )
    assert attributes["llm.tokens.total"].int_value > 0
    assert not any("hello" in str(each) for span in spans for each in span.attributes), "texts are never told"
