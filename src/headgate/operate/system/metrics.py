"""`/metrics`: the live counters of the parts in the text format of Prometheus. No tenant is ever a label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from headgate import __version__
from headgate.operate.system.service import numbers, part_stats
from headgate.rim.context import Services

_ODD = re.compile(r"[^a-zA-Z0-9_]")  # what a metric's name may not hold
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# Counters only ever grow; what is not listed here is a gauge. The part, the number, and what it says.
COUNTERS: dict[tuple[str, str], str] = {
    ("record", "frames_written"): "Frames written to the spool.",
    ("record", "frames_drained"): "Frames that reached the database.",
    ("record", "lost_frames"): "Records lost because the spool could not be written.",
    ("record", "dropped_bodies"): "Records whose bodies were left out to save the rest.",
    ("record", "refused"): "Calls refused because the record could not be written.",
    ("record", "rejected_frames"): "Frames that the database would not take.",
    ("record", "replayed_frames"): "Frames found in the spool at the start.",
    ("record", "interrupted_runs"): "Runs found open at the start.",
    ("record", "drain_failures"): "Times the drain could not write a batch.",
    ("upstream", "created"): "Connections opened to providers.",
    ("upstream", "reused"): "Requests sent over a connection that was already open.",
    ("upstream", "cancelled"): "Requests given up because the client left.",
    ("loop", "looks"): "Times the lateness of the event loop was measured.",
    ("loop", "tasks"): "Tasks of the event loop.",
    ("worker", "restarts"): "Times the worker process was started again.",
    ("fast", "forgiven"): "Limits dropped for want of room before they ran out.",
    ("fast", "evicted"): "Values dropped for want of room before they ran out.",
}


class Metrics:
    """Renders the counters of `services`, read at the moment of the scrape."""

    def __init__(self, services: Services, *, started_s: float) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(PartCollector(services, started_s))
        ProcessCollector(registry=self._registry)

    def render(self) -> bytes:
        return generate_latest(self._registry)


class PartCollector(Collector):
    """Each part's numbers as metrics named `headgate_<part>_<number>`."""

    def __init__(self, services: Services, started_s: float) -> None:
        self._services = services
        self._started_s = started_s

    @override
    def collect(self) -> Iterator[Metric]:
        info = GaugeMetricFamily("headgate_info", "The version that runs.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info
        yield GaugeMetricFamily(
            "headgate_started_seconds",
            "When the server started, in seconds since the epoch.",
            self._started_s,
        )
        for part, stats in part_stats(self._services).items():
            for name, value in numbers(stats):
                yield _metric(part, name, value)


def _metric(part: str, name: str, value: Any) -> Metric:
    counter = COUNTERS.get((part, name))
    if counter is not None:
        return CounterMetricFamily(f"headgate_{part}_{name}", counter, value)
    plain = _ODD.sub("_", name)
    return GaugeMetricFamily(
        f"headgate_{part}_{plain}", f"{name.replace('_', ' ').capitalize()} ({part}).", value
    )
