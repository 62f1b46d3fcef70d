"""A stream is weighed by its texts, on every wire, and passes unchanged."""

from __future__ import annotations

import pytest

from headgate.modules.meter import Meter


@pytest.mark.parametrize("event", [
    b'data: {"choices":[{"delta":{"content":"%b"}}]}\n\n', b'data: {"type":"content_block_delta","delta":{"text":"%b"}}\n\n',
    b'data: {"type":"response.output_text.delta","delta":"%b"}\n\n',
    b'data: {"candidates":[{"content":{"parts":[{"text":"%b"}]}}]}\n\n',
])  # fmt: skip
def test_the_text_is_what_counts(event: bytes) -> None:
    sizes: list[int] = []
    meter = Meter(sizes.append)
    events = [event % (b"x" * 100)] * 2
    assert meter.feed(events) == events and meter.feed([b"data: [DONE]\n\n"])
    assert sizes == [200, 200]
