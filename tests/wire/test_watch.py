"""Watching streams: the facts, what a client sees who did not ask for usage, and that chunk boundaries change nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.call.call import Call
from headgate.call.frames import Usage
from headgate.wire.shape import ReplyFacts, StreamWatch
from headgate.wire.spec import WIRES
from tests.wire.calls import CHAT, COMPLETIONS, call_of
from tests.wire.test_sse import CUTS, chunked

USAGE = (
    b'{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":3}}'
)


def head(kind: str = "chat.completion.chunk") -> bytes:
    return b'data: {"id":"c1","object":"' + kind.encode() + b'","model":"m-2",'


def stream_call(path: str = CHAT, *, asks: bool) -> Call:
    body: dict[str, Any] = {"model": "m", "stream": True, "messages": [{"role": "user"}], "prompt": "x"}
    return call_of(
        json.dumps(body | ({"stream_options": {"include_usage": True}} if asks else {})).encode(), path
    )


def run(data: list[bytes], path: str = CHAT, *, asks: bool) -> tuple[bytes, StreamWatch]:
    make = WIRES[path].watch
    assert make is not None
    watch = make(stream_call(path, asks=asks))
    return b"".join([watch.feed(chunk) for chunk in data]) + watch.finish(), watch


CHAT_EVENTS = [
    head()
    + b'"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}\n\n',
    head()
    + b'"choices":[{"index":0,"delta":{"content":"say ,\\"usage\\":null}"},"finish_reason":null}],"usage":null}\n\n',
    head() + b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null,"obfuscation":"x"}\n\n',
    head() + b'"choices":[],"usage":' + USAGE + b',"obfuscation":""}\n\n',
    b"data: [DONE]\n\n",
]
HIDDEN = [
    head() + b'"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n',
    head()
    + b'"choices":[{"index":0,"delta":{"content":"say ,\\"usage\\":null}"},"finish_reason":null}]}\n\n',
    head() + b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"obfuscation":"x"}\n\n',
    b"data: [DONE]\n\n",
]
FACTS = ReplyFacts(Usage(9, 4, 3, 0, 0, True), USAGE, "stop", False, "m-2")


def test_a_client_who_asked_for_usage_gets_every_byte() -> None:
    out, watch = run([b"".join(CHAT_EVENTS)], asks=True)
    assert out == b"".join(CHAT_EVENTS)
    assert (watch.facts(), watch.done, watch.error) == (FACTS, True, None)


def test_a_client_who_did_not_sees_what_an_upstream_that_was_not_asked_sends() -> None:
    out, watch = run([b"".join(CHAT_EVENTS)], asks=False)
    assert out == b"".join(HIDDEN)
    assert (watch.facts(), watch.done, watch.error) == (FACTS, True, None)


@pytest.mark.parametrize(
    ("event", "seen"),
    [
        # the usage comes with the last choice: the member goes, the choice stays
        (
            b'data: {"choices":[{"index":0,"delta":{}}],"usage":{"prompt_tokens":1}}\n\n',
            b'data: {"choices":[{"index":0,"delta":{}}]}\n\n',
        ),
        (b'data: {"usage": null, "choices": [{"index": 0}]}\n\n', b'data: {"choices": [{"index": 0}]}\n\n'),
        (b'data: {"choices": [1], "usage" : null }\n\n', b'data: {"choices": [1] }\n\n'),
        # no usage in it, and no choice either: the provider's own business
        (
            b'data: {"choices":[],"usage":null,"prompt_filter_results":[]}\n\n',
            b'data: {"choices":[],"prompt_filter_results":[]}\n\n',
        ),
        # the word deeper inside is not ours
        (
            b'data: {"choices":[{"delta":{"x":1,"usage":null}}]}\n\n',
            b'data: {"choices":[{"delta":{"x":1,"usage":null}}]}\n\n',
        ),
        (
            b'data: {"choices":[{"delta":{"usage":1}}],"usage":null}\n\n',
            b'data: {"choices":[{"delta":{"usage":1}}]}\n\n',
        ),
        (
            b'data: {"choices":[{"d":{"x":1,"usage":null}}],"usage":{"prompt_tokens":1}}\n\n',
            b'data: {"choices":[{"d":{"x":1,"usage":null}}]}\n\n',
        ),
        (
            b'id: 1\r\ndata: {"choices":[1],\r\ndata: "usage":null}\r\n\r\n',
            b'id: 1\r\ndata: {"choices":[1]}\r\n\r\n',
        ),
        (b': "usage"\n\n', b': "usage"\n\n'),
        (b'data: not json "usage"\n\n', b'data: not json "usage"\n\n'),
        (b'data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n', b""),
        (b'data: {"choices":[],"usage":{"prompt_tokens":1}}', b""),
    ],
)
def test_only_our_own_usage_is_hidden(event: bytes, seen: bytes) -> None:
    assert run([event], asks=False)[0] == seen
    assert run([CHAT_EVENTS[0], event], asks=False)[0] == HIDDEN[0] + seen


@pytest.mark.parametrize(
    ("event", "error"),
    [
        (b'data: {"error":{"message":"overloaded"}}\n\n', b'{"error":{"message":"overloaded"}}'),
        (b'event: error\ndata: {"message":"x"}\n\n', b'{"message":"x"}'),
        (b"event: error\ndata: plain words\n\n", b"plain words"),
        (b'data: {"id":"1","choices":[],"error":"boom"}\n\n', b'{"error":"boom"}'),
        (b'data: {"choices":[{"index":0,"delta":{"content":"\\"error\\":1"}}],"error":null}\n\n', None),
    ],
)
@pytest.mark.parametrize("asks", [True, False])
def test_an_error_inside_a_stream_is_seen(event: bytes, error: bytes | None, asks: bool) -> None:
    out, watch = run([HIDDEN[0], event, b"data: [DONE]\n\n"], asks=asks)
    assert watch.error == error
    assert out == HIDDEN[0] + event + b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    "done",
    [
        b'data: {"choices":[{"index":0,"delta":{"content":"[DONE]"}}]}\n\n',
        b": data: [DONE]\n\n",
        b"data: x\ndata: [DONE]\n\n",
    ],
)
def test_only_the_done_event_ends_a_stream(done: bytes) -> None:
    assert run([HIDDEN[0], done], asks=True)[1].done is False


@pytest.mark.parametrize(
    ("delta", "finish", "tool_calls", "refused"),
    [
        (b'{"tool_calls":[{"index":0,"id":"a"}]}', b'"stop"', True, False),
        (b'{"tool_calls":[]}', b'"stop"', False, False),
        (b'{"tool_calls":null,"function_call":null}', b'"stop"', False, False),
        (b'{"function_call":{"name":"f"}}', b"null", True, False),
        (b"{}", b'"tool_calls"', True, False),
        (b'{"refusal":"no"}', b'"stop"', False, True),
    ],
)
def test_tool_calls_and_refusals_are_noted(
    delta: bytes, finish: bytes, tool_calls: bool, refused: bool
) -> None:
    event = b'data: {"choices":[{"index":0,"delta":' + delta + b',"finish_reason":' + finish + b"}]}\n\n"
    facts = run([event], asks=True)[1].facts()
    assert (facts.tool_calls, facts.refused) == (tool_calls, refused)


def test_of_several_choices_the_one_that_was_cut_off_counts() -> None:
    events = [
        b'data: {"choices":[{"index":%d,"finish_reason":"%s"}]}\n\n' % (i, end)
        for i, end in enumerate([b"stop", b"length", b"stop"])
    ]
    assert run(events, asks=True)[1].facts().finish == "length"


def test_a_broken_off_stream_still_tells_what_it_said() -> None:
    facts = run([CHAT_EVENTS[0], CHAT_EVENTS[1][:40]], asks=False)[1].facts()
    assert facts == ReplyFacts(Usage(), b"", "", False, "m-2")


def test_text_completions_are_watched_alike() -> None:
    events = [
        b'data: {"choices":[{"text":"a","index":0,"logprobs":null,"finish_reason":null}],"model":"m","usage":null}\n\n',
        b'data: {"object":"t","choices":[{"text":"","index":0,"finish_reason":"length"}],"model":"m","usage":null}\n\n',
        b'data: {"object":"t","choices":[],"model":"m","usage":' + USAGE + b"}\n\n",
        b"data: [DONE]\n\n",
    ]
    out, watch = run(events, COMPLETIONS, asks=False)
    assert out == b"".join(
        [event.replace(b',"usage":null', b"") for event in (events[0], events[1], events[3])]
    )
    assert watch.facts() == ReplyFacts(Usage(9, 4, 3, 0, 0, True), USAGE, "length", False, "m")


PIECES = st.lists(
    st.sampled_from(
        [
            *CHAT_EVENTS,
            b'data: {"model":"m-3","choices":[{"index":0,"delta":{"tool_calls":[{"index":0}]},"finish_reason":"length"}]}\n\n',
            b'data:{"choices": [{"index": 1, "finish_reason": "stop"}], "usage": {"prompt_tokens": 2.0}}\r\n\r\n',
            b'data: {"choices":[],\ndata: "usage":' + USAGE + b"}\n\n",
            b'data: {"choices":"odd","usage":7}\n\n',
            b'data: {"error":{"message":"x"}}\n\n',
            b"event: error\ndata: y\n\n",
            b": ping\n\n",
            b"data: {broken\n\n",
            b"data: 1\n{}\n\n",
            b"\n",
            b"\r\n",
            b"data: [DONE]\r\r",
        ]
    ),
    max_size=10,
).map(b"".join)


@given(PIECES, CUTS, st.booleans(), st.sampled_from([CHAT, COMPLETIONS]))
def test_chunk_boundaries_change_nothing(data: bytes, cuts: list[int], asks: bool, path: str) -> None:
    whole, one = run([data], path, asks=asks)
    parts, many = run(chunked(data, cuts), path, asks=asks)
    assert parts == whole
    assert (many.facts(), many.done, many.error) == (one.facts(), one.done, one.error)
    if asks:
        assert whole == data


@given(PIECES)
def test_every_single_byte_may_be_a_chunk(data: bytes) -> None:
    whole, one = run([data], asks=False)
    parts, many = run([data[at : at + 1] for at in range(len(data))], asks=False)
    assert (parts, many.facts(), many.done, many.error) == (whole, one.facts(), one.done, one.error)
