"""Cutting texts, and chunks around choices."""

from __future__ import annotations

from headgate.wire.pieces import dress, pieces_of
from tests.wire.calls import chat_call


def test_pieces_add_up() -> None:
    assert pieces_of("abcde", 2) == ["ab", "cd", "e"]
    assert pieces_of("", 2) == []


def test_a_chunk_has_the_head_of_its_answer_and_one_choice() -> None:
    answer = {"id": "c", "object": "whole", "model": "m", "choices": [1], "usage": {"a": 1}, "new": True}
    assert dress(answer, "chunk", [{"index": 0}], chat_call(stream=True)) == [
        b'data: {"id":"c","object":"chunk","model":"m","new":true,"choices":[{"index":0}]}\n\n'
    ]
    asks = chat_call(stream=True, stream_options={"include_usage": True})
    assert dress(answer, "chunk", [], asks) == [
        b'data: {"id":"c","object":"chunk","model":"m","new":true,"choices":[],"usage":{"a":1}}\n\n'
    ]
