"""The neutral form can be written down and read back, so that it can be stored and compared."""

import msgspec

from headgate.wire.neutral import (
    Blob,
    Event,
    Image,
    Message,
    PartStarted,
    Request,
    Text,
    TextDelta,
    Thinking,
    ToolCall,
    ToolResult,
)


def test_request_survives_being_written_down():
    request = Request(
        "m",
        [
            Message("user", [Text("hello"), Image(Blob("image/png", data="AAAA"))]),
            Message("assistant", [Thinking("hm", "sig", maker="anthropic"), ToolCall("c1", "look", "{}")]),
            Message("user", [ToolResult("c1", [Text("seen")], is_error=True)]),
        ],
    )
    assert msgspec.json.decode(msgspec.json.encode(request), type=Request) == request


def test_events_survive_being_written_down():
    events: list[Event] = [PartStarted(0, Text("")), TextDelta(0, "a", choice=1)]
    assert msgspec.json.decode(msgspec.json.encode(events), type=list[Event]) == events
