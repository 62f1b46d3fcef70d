"""What an answer says survives every way through the codecs, whole and streamed, wherever a stream is cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.call.call import Wire
from headgate.wire.codecs import CODECS
from headgate.wire.neutral import Choice, Failed, Finished, Opaque, Reply, Text
from tests.wire.neutral_forms import (
    ANSWERS,
    ASKED,
    SIGNED,
    essence,
    events_of,
    numbered,
    pieces,
    read_stream,
    stream_of,
)

# codecs with a provider's and a client's side
BOTH_WAYS: tuple[Wire, ...] = ("openai.chat", "anthropic.messages", "openai.responses", "google.generate")
SIGNING: tuple[Wire, ...] = ("openai.chat", "anthropic.messages")  # those that can carry a maker's signature
PAIRS = [(upstream, client) for upstream in BOTH_WAYS for client in BOTH_WAYS]
CUTS = st.lists(st.integers(0, 6000), max_size=10)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("wire", BOTH_WAYS)
def test_a_whole_answer_survives(wire: Wire, name: str):
    codec = CODECS[wire]
    assert essence(codec.read_reply(codec.write_reply(ANSWERS[name], ASKED))) == essence(ANSWERS[name], wire)


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("wire", BOTH_WAYS)
@settings(deadline=None, max_examples=12)
@given(cuts=CUTS)
def test_a_stream_survives_wherever_it_is_cut(wire: Wire, name: str, cuts: list[int]):
    assert essence(read_stream(wire, stream_of(wire, ANSWERS[name]), cuts)) == essence(ANSWERS[name], wire)


@pytest.mark.parametrize(("upstream", "client"), PAIRS)
@settings(deadline=None, max_examples=12)
@given(text=TEXTS, size=st.integers(1, 7), cuts=CUTS)
def test_any_text_comes_through_any_pair(upstream: Wire, client: Wire, text: str, size: int, cuts: list[int]):
    told = Reply("r", "m", [Choice([Text(text)], "stop")])
    reader, writer = CODECS[upstream].stream_reader(), CODECS[client].stream_writer(ASKED)
    stream = stream_of(upstream, told, size)
    out = b"".join(writer.write(reader.feed(piece)) for piece in pieces(stream, cuts))
    out += writer.write(reader.finish()) + writer.finish()
    assert essence(read_stream(client, out, cuts)) == essence(told)


@pytest.mark.parametrize(("upstream", "client"), PAIRS)
@pytest.mark.parametrize("name", ANSWERS)
@settings(deadline=None, max_examples=8)
@given(cuts=CUTS)
def test_where_a_stream_is_cut_changes_no_byte_for_the_client(
    upstream: Wire, client: Wire, name: str, cuts: list[int]
):
    stream = stream_of(upstream, ANSWERS[name])
    outs: list[bytes] = []
    for cut in (cuts, []):
        reader, writer = CODECS[upstream].stream_reader(), CODECS[client].stream_writer(ASKED)
        out = b"".join(writer.write(reader.feed(piece)) for piece in pieces(stream, cut))
        outs.append(out + writer.write(reader.finish()) + writer.finish())
    assert numbered(outs[0]) == numbered(outs[1])


@pytest.mark.parametrize("wire", SIGNING)
def test_thoughts_keep_their_signature(wire: Wire):
    codec = CODECS[wire]
    assert (
        codec.read_reply(codec.write_reply(SIGNED, ASKED)).choices[0].parts[0] == SIGNED.choices[0].parts[0]
    )
    assert essence(read_stream(wire, stream_of(wire, SIGNED), [])) == essence(SIGNED)


@pytest.mark.parametrize("wire", BOTH_WAYS)
def test_a_stream_without_an_end_is_not_given_one(wire: Wire):
    writer = CODECS[wire].stream_writer(ASKED)
    out = writer.write([event for event in events_of(ANSWERS["text"]) if not isinstance(event, Finished)])
    assert out and writer.finish() == b""
    reader = CODECS[wire].stream_reader()
    assert not any(isinstance(event, Finished) for event in [*reader.feed(out), *reader.finish()])


@pytest.mark.parametrize("wire", BOTH_WAYS)
def test_an_error_in_a_stream_is_the_last_that_is_told(wire: Wire):
    writer = CODECS[wire].stream_writer(ASKED)
    out = writer.write(
        [*events_of(ANSWERS["text"])[:3], Failed(529, "too many"), *events_of(ANSWERS["text"])[3:]]
    )
    reader = CODECS[wire].stream_reader()
    events = [*reader.feed(out + writer.finish()), *reader.finish()]
    failures = [event for event in events if isinstance(event, Failed)]
    assert [failure.message for failure in failures] == ["too many"]
    assert not any(isinstance(event, Finished) for event in events)


@pytest.mark.parametrize("wire", BOTH_WAYS)
def test_an_error_keeps_its_words(wire: Wire):
    codec = CODECS[wire]
    failed = codec.read_error(429, codec.write_error(Failed(429, "slow down", "rate_limit_error")))
    assert (failed.status, failed.message) == (429, "slow down")
    assert failed.kind in ("rate_limit_error", "RESOURCE_EXHAUSTED")


@pytest.mark.parametrize("wire", BOTH_WAYS)
def test_what_only_another_maker_knows_is_left_out_of_an_answer(wire: Wire):
    codec = CODECS[wire]
    foreign = Opaque("bedrock", "guardContent", {"guardContent": {"text": "1"}})
    reply = Reply("r", "m", [Choice([foreign, Text("1")], "stop")])
    assert codec.read_reply(codec.write_reply(reply, ASKED)).choices[0].parts
    assert b"guardContent" not in codec.write_reply(reply, ASKED)
    assert b"guardContent" not in stream_of(wire, reply)
