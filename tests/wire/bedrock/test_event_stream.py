"""The AWS event stream: messages as botocore reads them, wherever chunks end; broken ones are told, never read."""

from __future__ import annotations

import binascii
import json
import struct
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer, ParserError
from hypothesis import given
from hypothesis import strategies as st

from headgate.kernel.errors import ProviderError
from headgate.wire.bedrock.event_stream import Frames, Message
from tests.wire.neutral_forms import pieces
from tools.rig.vendors.bedrock import frame

STREAM = b"".join([
    frame("messageStart", {"role": "assistant"}),
    frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "hé😀"}}),
    frame("messageStop", {"stopReason": "end_turn"}),
])  # fmt: skip


def message(headers: bytes, payload: bytes) -> bytes:
    prelude = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    body = prelude + struct.pack("!I", binascii.crc32(prelude)) + headers + payload
    return body + struct.pack("!I", binascii.crc32(body))


def header(name: str, kind: int, value: bytes) -> bytes:
    return bytes([len(name)]) + name.encode() + bytes([kind]) + value


def ours(data: bytes, cuts: list[int] | None = None) -> list[tuple[str, bytes]]:
    frames = Frames()
    found = [each for piece in pieces(data, cuts or []) for each in frames.feed(piece)]
    assert frames.is_between_messages
    return [(each.name, each.payload) for each in found]


def botocores(data: bytes) -> list[tuple[str, bytes]]:
    buffer: Any = EventStreamBuffer()
    buffer.add_data(data)
    return [(each.headers[":event-type"], each.payload) for each in buffer]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_messages_are_those_that_botocore_reads_wherever_chunks_end(cuts: list[int]):
    assert ours(STREAM, cuts) == botocores(STREAM)


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b"]), st.dictionaries(st.text(max_size=5), st.text(max_size=20))),
        max_size=5,
    )
)
def test_any_messages_are_read_as_botocore_reads_them(told: list[tuple[str, dict[str, str]]]):
    stream = b"".join(frame(kind, payload) for kind, payload in told)
    assert ours(stream) == botocores(stream)


@given(st.integers(0, len(STREAM) - 1), st.integers(1, 255))
def test_a_flipped_byte_is_noticed_where_botocore_notices_it(at: int, flip: int):
    broken = bytearray(STREAM)
    broken[at] ^= flip
    frames = Frames()
    try:
        theirs = botocores(bytes(broken))
    except (ParserError, KeyError):
        theirs = None
    try:
        read = [(each.name, each.payload) for each in frames.feed(bytes(broken))]
    except ProviderError:
        read = None
    assert read is None
    assert theirs is None


def test_all_kinds_of_headers_are_passed_over_and_texts_are_kept():
    headers = b"".join([
        header("t", 0, b""), header("f", 1, b""), header("b", 2, b"\1"), header("s", 3, b"\0\1"), header("i", 4, bytes(4)),
        header("l", 5, bytes(8)), header("x", 6, b"\0\2ab"), header("ts", 8, bytes(8)), header("u", 9, bytes(16)),
        header(":message-type", 7, b"\0\5event"), header(":event-type", 7, b"\0\4stop"),
    ])  # fmt: skip
    assert Frames().feed(message(headers, b"{}")) == [
        Message({":message-type": "event", ":event-type": "stop"}, b"{}")
    ]


@pytest.mark.parametrize(
    "headers", [header("k", 42, b""), header("k", 7, b"\0\xffshort"), b"\xff", header("k", 7, b"\0\1\xff")]
)
def test_headers_that_cannot_be_read_are_told(headers: bytes):
    with pytest.raises(ProviderError, match="headers"):
        Frames().feed(message(headers, b"{}"))


def test_an_endless_message_is_refused_before_it_is_gathered():
    prelude = struct.pack("!II", 2**31, 0)
    with pytest.raises(ProviderError, match="lengths"):
        Frames().feed(prelude + struct.pack("!I", binascii.crc32(prelude)))


def test_what_is_not_whole_waits():
    frames = Frames()
    assert frames.feed(STREAM[:-1]) and not frames.is_between_messages
    assert [json.loads(each.payload) for each in frames.feed(STREAM[-1:])] == [{"stopReason": "end_turn"}]
