"""A call joins the caller's trace: the provider and the caller see the same trace id, and the run has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headgate.modules.admit.tracelink import parse_traceparent
from headgate.testing.fault_server import FaultServer
from tests.gateway.conftest import serving
from tests.modules.live import BOTH, run_of, say, switch

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(("header", "found"), [
    (PARENT, (TRACE, SPAN, "01")), (f"01-{TRACE}-{SPAN}-00-more", (TRACE, SPAN, "00")), (f"ff-{TRACE}-{SPAN}-01", None),
    (f"{PARENT}-more", None), (f"00-{'0' * 32}-{SPAN}-01", None), (f"00-{TRACE}-{'0' * 16}-01", None), ("", None),
    (PARENT.upper(), None),
])  # fmt: skip
def test_the_header_is_read_as_the_standard_says(header: str, found: Any) -> None:
    assert parse_traceparent(header.encode()) == found


@pytest.mark.parametrize("how", BOTH)
async def test_the_trace_goes_on_to_the_provider_and_back(tmp_path: Path, how: dict[str, Any]) -> None:
    async with (
        FaultServer() as upstream,
        serving(tmp_path / "data", openai_base_url=upstream.url, openai_api_key="sk-x") as gateway,
    ):
        await say(gateway, headers={"traceparent": PARENT}, **how)
        assert "traceparent" not in upstream.seen[-1].headers
        await switch(gateway, "tracelink")
        answer = await say(gateway, headers={"traceparent": PARENT, "tracestate": "a=b"}, **how)
        sent = upstream.seen[-1].headers
        _, trace, span, flags = sent["traceparent"].split("-")
        assert (trace, flags, sent["tracestate"]) == (TRACE, "01", "a=b") and span != SPAN
        assert answer.headers["traceparent"] == sent["traceparent"]
        run = await run_of(gateway, answer)
        assert run["metadata"]["trace"] == {"traceId": TRACE, "spanId": span, "parentSpanId": SPAN}


async def test_a_call_without_a_trace_begins_one(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as gateway:
        await switch(gateway, "tracelink")
        parents = {(await say(gateway)).headers["traceparent"] for _ in range(2)}
        assert len(parents) == 2 and all(parse_traceparent(parent.encode()) for parent in parents)
        await switch(gateway, "tracelink", start=False)
        assert "traceparent" not in (await say(gateway)).headers
