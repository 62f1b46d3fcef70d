"""The streams that Anthropic recorded mean the same to its SDK whatever way they take through the gateway."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.wire.anthropic.codec import MessagesCodec
from headgate.wire.anthropic.facts import MessageWatch
from headgate.wire.anthropic.forms import from_stream, to_stream
from headgate.wire.neutral import Request
from tests.wire.anthropic.sdk import streamed, whole
from tests.wire.calls import call_of

FOLDER = Path(__file__).parent / "recorded"
RECORDED = {path.stem.removesuffix("_response"): path.read_bytes() for path in sorted(FOLDER.glob("*.txt"))}
# what the SDK itself cannot put together: broken or cut arguments of a call
BROKEN = {"incomplete_partial_json", "tool_use_invalid_json"}
GOOD = sorted(set(RECORDED) - BROKEN)
# events of kinds that nobody documents: they pass as bytes, and are not put together for the cache
UNKNOWN = {"unknown_events", "compaction"}
STREAMED = sorted(set(GOOD) - UNKNOWN)
# what stands in a beta of this wire alone is not in the neutral form
NEUTRAL = ("basic", "tool_use", "message_delta_omitted_usage")
CALL = call_of(
    b'{"model":"claude","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}', "/v1/messages"
)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """`data` cut at `cuts`."""
    ends = sorted({cut % (len(data) + 1) for cut in cuts} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


CUTS = st.lists(st.integers(0, 4000), max_size=12)


@pytest.mark.parametrize("name", sorted(RECORDED))
@settings(deadline=None, max_examples=30)
@given(cuts=CUTS)
def test_every_byte_passes_and_the_facts_do_not_depend_on_the_cuts(name: str, cuts: list[int]):
    stream = RECORDED[name]
    in_one, in_pieces = MessageWatch(), MessageWatch()
    assert in_one.feed(stream) + in_one.finish() == stream
    assert b"".join(in_pieces.feed(piece) for piece in pieces(stream, cuts)) + in_pieces.finish() == stream
    assert in_pieces.facts() == in_one.facts()
    assert (in_pieces.done, in_pieces.error) == (in_one.done, in_one.error)


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_usage_and_end_are_known_at_the_end(name: str):
    watch = MessageWatch()
    watch.feed(RECORDED[name])
    watch.finish()  # the recordings end without the last blank line
    facts = watch.facts()
    assert facts.usage.known and facts.usage.prompt_tokens > 0
    assert facts.usage.completion_tokens > 0 or facts.refused
    assert facts.finish and watch.done and watch.error is None


@pytest.mark.parametrize("name", STREAMED)
def test_a_stored_stream_comes_back_as_the_same_message(name: str):
    body = from_stream(RECORDED[name])
    assert body is not None
    again = b"".join(to_stream(body, CALL))
    direct, _ = streamed(RECORDED[name], beta=True)
    assert streamed(again, beta=True)[0] == direct


@pytest.mark.parametrize("name", ["basic", "tool_use", "server_tool_use", "refusal"])
def test_a_stored_stream_is_a_whole_answer_too(name: str):
    body = from_stream(RECORDED[name])
    assert body is not None
    assert _said(whole(body)) == essence(RECORDED[name])


@pytest.mark.parametrize("name", sorted(BROKEN | UNKNOWN))
def test_what_cannot_be_put_together_is_not_stored(name: str):
    assert from_stream(RECORDED[name]) is None


@pytest.mark.parametrize("name", NEUTRAL)
@settings(deadline=None, max_examples=30)
@given(cuts=CUTS)
def test_a_stream_read_and_written_again_is_the_same_to_the_sdk(name: str, cuts: list[int]):
    codec = MessagesCodec()
    reader, writer = codec.stream_reader(), codec.stream_writer(Request("claude", []))
    out = b"".join(writer.write(reader.feed(piece)) for piece in pieces(RECORDED[name], cuts))
    out += writer.write(reader.finish()) + writer.finish()
    assert essence(out) == essence(RECORDED[name])


def essence(stream: bytes) -> object:
    """The message as the SDK has it, without members that say nothing."""
    return _said(streamed(stream)[0])


def _said(value: object) -> object:
    if isinstance(value, dict):
        return {
            key: _said(inner)
            for key, inner in value.items()
            if inner not in (None, 0) and key not in ("caller", "service_tier")
        }
    return [_said(each) for each in value] if isinstance(value, list) else value
