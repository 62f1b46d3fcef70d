"""Did the client ask for usage?"""

from __future__ import annotations

from typing import Any

import pytest

from headgate.wire.shape import StreamView
from tests.wire.calls import chat_call


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({}, False),
        ({"stream_options": None}, False),
        ({"stream_options": {}}, False),
        ({"stream_options": {"include_usage": None}}, False),
        ({"stream_options": {"include_usage": False}}, False),
        ({"stream_options": {"include_usage": True}}, True),
    ],
)
def test_wants_usage(fields: dict[str, Any], asked: bool) -> None:
    view = chat_call(stream=True, **fields).view
    assert isinstance(view, StreamView)
    assert view.wants_usage is asked
