"""Secrets in streams: caught across any chunk boundary, nothing reordered or lost, ordinary text not held back."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.govern.guardrails.secrets import find, redact
from headgate.govern.guardrails.streams import SecretFilter
from headgate.kernel.errors import Unavailable
from headgate.wire.hold_back import MAX_HELD_BYTES
from tests.govern.guardrails.test_secrets import CLEAN, EVERY

DONE = b"data: [DONE]\n\n"


def event(content: str, *, index: int = 0, field: str = "content", **more: Any) -> bytes:
    delta = {field: content}
    tree = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "model": "m",
        "choices": [{"index": index, "delta": delta, **more}],
    }
    return b"data: " + json.dumps(tree, ensure_ascii=False).encode() + b"\n\n"


def contents(events: list[bytes], field: str = "content") -> dict[int, str]:
    texts: dict[int, str] = {}
    for raw in events:
        if raw != DONE:
            for choice in json.loads(raw[6:])["choices"]:
                texts[choice["index"]] = texts.get(choice["index"], "") + choice["delta"].get(field, "")
    return texts


def run(parts: list[bytes]) -> tuple[list[bytes], Counter[str]]:
    found: Counter[str] = Counter()
    stream = SecretFilter(found.update)
    out = [each for part in parts for each in stream.feed([part])]
    return out + stream.finish(), found


def cut(text: str, cuts: list[int]) -> list[str]:
    at = sorted({each % (len(text) + 1) for each in cuts})
    return [text[start:end] for start, end in zip([0, *at], [*at, len(text)], strict=True)]


words = st.lists(
    st.sampled_from(
        ["hello", "task-list", "s", "pass", "é", "日本", "A", "\n", "x-", "secret", "e", "-", "g"]
    ),
    max_size=5,
)


@settings(max_examples=400)
@given(
    before=words, after=words, pair=st.sampled_from(EVERY), cuts=st.lists(st.integers(0, 10_000), max_size=12)
)
def test_secrets_are_redacted_however_the_text_is_cut(
    before: list[str], after: list[str], pair: tuple[str, str], cuts: list[int]
) -> None:
    text = " ".join([*before, pair[1], *after])
    expected = redact(text, find(text))
    out, found = run([event(part) for part in cut(text, cuts)] + [DONE])
    assert contents(out).get(0, "") == expected
    assert sum(found.values()) == len(find(text)) >= 1
    assert out[-1] == DONE


@given(pair=st.sampled_from(EVERY))
def test_one_character_at_a_time(pair: tuple[str, str]) -> None:
    text = f"a {pair[1]} and {pair[1]}"
    out, found = run([event(character) for character in text])
    assert contents(out)[0] == redact(text, find(text))
    assert pair[1] not in contents(out)[0] and sum(found.values()) == len(find(text))


@given(cuts=st.lists(st.integers(0, 10_000), max_size=12), text=st.sampled_from(CLEAN))
def test_clean_text_passes_byte_for_byte(cuts: list[int], text: str) -> None:
    parts = [event(part) for part in cut(text, cuts)] + [b": ping\n\n", DONE]
    out, found = run(parts)
    assert out == parts and not found


def test_ordinary_words_are_not_held_back() -> None:
    stream = SecretFilter(lambda _: None)
    for word in ("Hello", " world", ",", " how", " are", " you?", " Fine.", " 42", " über"):
        assert stream.feed([event(word)]) == [event(word)]


def test_text_is_held_only_while_it_could_become_a_secret() -> None:
    stream = SecretFilter(lambda _: None)
    first, second, third, fourth = event("see "), event("sk-"), event("learn"), event(" is fine.")
    assert stream.feed([first]) == [first]
    assert stream.feed([second]) == []
    assert stream.feed([third]) == []
    assert stream.feed([fourth]) == [second, third, fourth]
    assert stream.finish() == []


def test_choices_and_tool_arguments_are_texts_of_their_own() -> None:
    key = "AKIAIOSFODNN7EXAMPLE"
    halves = [
        event(key[:10], index=0),
        event("plain", index=1),
        event(key[10:] + " x", index=0),
        event(" text", index=1),
    ]
    out, found = run(halves)
    assert contents(out) == {0: "[redacted:aws_key] x", 1: "plain text"} and found == {"aws_key": 1}

    def call(part: str, number: int) -> bytes:
        tree = {
            "choices": [
                {"index": 0, "delta": {"tool_calls": [{"index": number, "function": {"arguments": part}}]}}
            ]
        }
        return b"data: " + json.dumps(tree).encode() + b"\n\n"

    out, found = run([call('{"k":"' + key[:5], 0), call("{}", 1), call(key[5:] + '"}', 0)])
    assert found == {"aws_key": 1}
    assert key[5:].encode() not in b"".join(out)


def test_log_probabilities_do_not_spell_the_secret() -> None:
    key = "AKIAIOSFODNN7EXAMPLE"
    parts = [event(each, logprobs={"content": [{"token": each}]}) for each in (key[:8], key[8:], " end")]
    joined = b"".join(run(parts)[0])
    assert key[:8].encode() not in joined and key[8:].encode() not in joined and b" end" in joined


def test_what_tells_of_a_secret_may_end_the_stream_before_it_leaves() -> None:
    class Stop(Exception):
        pass

    def stop(_: Counter[str]) -> None:
        raise Stop

    stream = SecretFilter(stop)
    assert stream.feed([event("the key AKIAIOSF")]) == []
    with pytest.raises(Stop):
        stream.feed([event("ODNN7EXAMPLE is")])


def test_a_secret_without_end_ends_the_stream_at_a_bound() -> None:
    stream = SecretFilter(lambda _: None)
    stream.feed([event("-----BEGIN PRIVATE KEY-----")])
    with pytest.raises(Unavailable):
        for _ in range(MAX_HELD_BYTES // 10_000):
            stream.feed([event("M" * 10_000)])


def test_events_that_are_no_json_pass() -> None:
    parts = [b'data: {broken "choices"\n\n', b"event: x\ndata: [1]\n\n", event("ok.")]
    assert run(parts)[0] == parts
