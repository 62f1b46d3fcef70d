"""Metrics: names that Prometheus takes, counters as counters, no tenant anywhere."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from headgate.operate.system.metrics import Metrics
from headgate.testing.house import House


class Odd:
    def stats(self) -> dict[str, object]:
        return {"later_than_ms": {"0.5": 3}, "looks": 7}


async def test_every_metric_can_be_parsed_and_counters_are_counters(house: House) -> None:
    house.services.hot["loop"] = Odd()
    text = Metrics(house.services, started_s=1.0).render().decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["headgate_loop_looks"].type == "counter"
    assert families["headgate_loop_later_than_ms_0_5"].samples[0].value == 3
    assert families["headgate_record_frames_written"].type == "counter"
    assert "ten_default" not in text
