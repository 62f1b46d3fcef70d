"""Merging the texts of a stream: what a reader makes of it stays the same, and what is not plainly a run stays as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire import chat_stream, text_stream
from headgate.wire.merge import merge_texts
from headgate.wire.sse import DONE_EVENT

HEAD = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "system_fingerprint": None}
TEXTS = st.lists(st.text(max_size=8), min_size=1, max_size=12)
STYLES = st.sampled_from([(",", ":"), (", ", ": ")])


def event(value: dict[str, Any], style: tuple[str, str] = (",", ":"), *, ascii_only: bool = True) -> bytes:
    return b"data: " + json.dumps(value, separators=style, ensure_ascii=ascii_only).encode() + b"\n\n"


def delta(text: str, finish: str | None = None, index: int = 0, **more: Any) -> dict[str, Any]:
    choice = {"index": index, "delta": {"content": text}, "logprobs": None, "finish_reason": finish}
    return HEAD | {"choices": [choice]} | more


def slow(stream: bytes) -> bytes | None:
    """What a stream makes when a comment between its events keeps them from being merged."""
    return chat_stream.from_stream(stream.replace(b"\n\n", b"\n\n:\n\n"))


@given(TEXTS, STYLES, st.booleans())
def test_a_merged_stream_makes_the_same_whole(
    texts: list[str], style: tuple[str, str], ascii_only: bool
) -> None:
    first = HEAD | {
        "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]
    }
    values = [first, *(delta(text) for text in texts), delta("", "stop")]
    stream = b"".join([event(each, style, ascii_only=ascii_only) for each in values]) + DONE_EVENT
    merged = merge_texts(stream)
    assert chat_stream.from_stream(merged) == slow(stream) is not None
    if len(texts) > 1:
        assert merged.count(b"\n\n") == 4
    assert merge_texts(merged) == merged


@given(
    st.lists(
        st.tuples(st.text(max_size=4), st.integers(0, 1), st.sampled_from([None, 1])), min_size=1, max_size=10
    )
)
def test_mixed_events_make_the_same_whole(events: list[tuple[str, int, int | None]]) -> None:
    values = [delta(text, index=index, tier=tier) for text, index, tier in events]
    values += [delta("", "stop", index) for index in {each[1] for each in events}]
    stream = b"".join(map(event, values)) + DONE_EVENT
    assert chat_stream.from_stream(stream) == slow(stream) is not None


def test_text_completions_are_merged_too() -> None:
    values = [
        {"id": "c", "created": 1, "model": "m", "choices": [{"text": text, "index": 0, "logprobs": None, "finish_reason": end}]}
        for text, end in [("a", None), ('"', None), ("c", None), ("", "stop")]
    ]  # fmt: skip
    stream = b"".join(map(event, values)) + DONE_EVENT
    assert merge_texts(stream).count(b"\n\n") == 3
    whole = text_stream.from_stream(stream)
    assert whole is not None
    assert json.loads(whole)["choices"][0]["text"] == 'a"c'


def test_padding_of_each_event_does_not_keep_them_apart() -> None:
    stream = b"".join([event(delta(text, obfuscation="x" * len(text))) for text in ("a", "bbb", "cc")])
    assert merge_texts(stream) == event(delta("abbbcc"))


@pytest.mark.parametrize(
    "values",
    [
        [delta("a", index=0), delta("b", index=1), delta("c", index=0)],
        [HEAD | {"choices": [{"index": 0, "delta": {"content": t, "reasoning": "r"}}]} for t in "ab"],
        [HEAD | {"choices": [{"index": 0, "delta": {"content": t}, "note": "grows"}]} for t in "ab"],
        [
            HEAD | {"choices": [{"index": 0, "delta": {"content": t}, "logprobs": {"content": [1]}}]}
            for t in "ab"
        ],
        [delta(t, created=n) for n, t in enumerate("ab")],
        [HEAD | {"error": {"message": "x"}}],
    ],
)
def test_what_is_no_plain_run_stays_as_it_is(values: list[dict[str, Any]]) -> None:
    stream = b"".join(map(event, values)) + DONE_EVENT
    assert merge_texts(stream) == stream


def test_broken_strings_are_not_mended() -> None:
    plain = event(delta("TEXT"))
    for text in (b"a\\", b'a"b', b"a\nb", b'","x":"'):
        stream = plain.replace(b"TEXT", text) + plain * 2
        assert merge_texts(plain + stream).count(text) == (plain + stream).count(text)
        assert chat_stream.from_stream(plain + stream + DONE_EVENT) is None or text == b'","x":"'
    overlap = plain.replace(b'"TEXT"', b'"')
    assert overlap in merge_texts(plain * 2 + overlap)
