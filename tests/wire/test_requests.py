"""Reading requests: what is refused, in which words, and what goes upstream."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.call.call import View
from headgate.kernel.errors import BadRequest
from headgate.wire.openai_chat import ChatView
from headgate.wire.spec import WIRES
from tests.wire.calls import CHAT, COMPLETIONS, EMBEDDINGS, call_of

OK = '{"model":"m","messages":[{"role":"user","content":"hi"}]'


def parse(body: bytes, path: str = CHAT) -> View:
    return WIRES[path].parse(body)


@pytest.mark.parametrize(
    ("body", "param", "message"),
    [
        ('{"messages":[{"role":"user"}]}', "model", "Missing required parameter: 'model'."),
        ('{"model":"m"}', "messages", "Missing required parameter: 'messages'."),
        (
            '{"model":"m","messages":[]}',
            "messages",
            "Invalid 'messages': empty array. Expected at least one message.",
        ),
        (
            '{"model":"m","messages":{}}',
            "messages",
            "Invalid type for 'messages': expected an array, but got an object instead.",
        ),
        (
            '{"model":"m","messages":[{"role":1}]}',
            "messages[0].role",
            "Invalid type for 'messages[0].role': expected a string, but got an integer instead.",
        ),
        (
            '{"model":"m","messages":[{"role":"a"},{}]}',
            "messages[1].role",
            "Missing required parameter: 'messages[1].role'.",
        ),
        (
            '{"model":"m","messages":[{"role":""}]}',
            "messages[0].role",
            "Invalid 'messages[0].role': empty string.",
        ),
        (
            '{"model":"m","messages":["x"]}',
            "messages[0]",
            "Invalid type for 'messages[0]': expected an object, but got a string instead.",
        ),
        (
            '{"model":7,"messages":[{"role":"a"}]}',
            "model",
            "Invalid type for 'model': expected a string, but got an integer instead.",
        ),
        (
            OK + ',"stream":"true"}',
            "stream",
            "Invalid type for 'stream': expected a boolean, but got a string instead.",
        ),
        (
            OK + ',"stream":1}',
            "stream",
            "Invalid type for 'stream': expected a boolean, but got an integer instead.",
        ),
        (
            OK + ',"temperature":"0"}',
            "temperature",
            "Invalid type for 'temperature': expected a number or null, but got a string instead.",
        ),
        (
            OK + ',"temperature":true}',
            "temperature",
            "Invalid type for 'temperature': expected a number or null, but got a boolean instead.",
        ),
        (
            OK + ',"stream_options":[]}',
            "stream_options",
            "Invalid type for 'stream_options': expected an object or null, but got an array instead.",
        ),
        (
            OK + ',"stream_options":{"include_usage":"yes"}}',
            "stream_options.include_usage",
            "Invalid type for 'stream_options.include_usage': expected a boolean or null, but got a string instead.",
        ),
        (OK + ',"model":"other"}', "model", "Duplicate parameter: 'model' is given more than once."),
        (OK + ',"mod\\u0065l":"other"}', "model", "Duplicate parameter: 'model' is given more than once."),
        (
            OK + ', "temperature":0, "temperature":1}',
            "temperature",
            "Duplicate parameter: 'temperature' is given more than once.",
        ),
        ('{"model":"","messages":[{"role":"a"}]}', "model", "Invalid 'model': expected the id of a model."),
        (
            '{"model":"a\\u0000b","messages":[{"role":"a"}]}',
            "model",
            "Invalid 'model': expected the id of a model.",
        ),
        (
            '{"model":"a\\r\\nx: y","messages":[{"role":"a"}]}',
            "model",
            "Invalid 'model': expected the id of a model.",
        ),
        ("[]", None, "The request body must be an object, but it is an array."),
        ("null", None, "The request body must be an object, but it is null."),
    ],
)
def test_a_bad_body_is_refused_and_the_field_named(body: str, param: str | None, message: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse(body.encode())
    assert (refusal.value.param, refusal.value.message) == (param, message)


@pytest.mark.parametrize(
    ("body", "begin"),
    [
        (b"", "The request body is not valid JSON"),
        (b"model=gpt", "The request body is not valid JSON"),
        (OK.encode() + b"} x", "The request body is not valid JSON"),
        (OK.encode(), "The request body is not valid JSON"),
        (OK.encode() + b',"x":"\x00"}', "The request body is not valid JSON"),
        (OK.encode() + b',"x":NaN}', "The request body is not valid JSON"),
        (OK.encode() + b',"x":"\xff\xfe"}', "The request body is not valid UTF-8"),
        (OK.encode() + b',"x":"\xed\xa0\x80"}', "The request body is not valid UTF-8"),
        (b'{"model":"\xff","messages":[]}', "The request body is not valid UTF-8"),
        (
            OK.encode() + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            "The request body is nested too deeply",
        ),
        (b"[" * 100_000, "The request body must be an object"),
    ],
)
def test_what_is_no_json_object_is_refused(body: bytes, begin: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse(body)
    assert refusal.value.message.startswith(begin)
    assert refusal.value.param is None


def test_null_means_not_given_where_openai_lets_it() -> None:
    view = parse((OK + ',"stream":null,"temperature":null,"stream_options":null}').encode())
    assert (view.stream, view.temperature) == (False, None)


def test_unknown_fields_and_odd_values_of_unread_ones_are_the_providers_business() -> None:
    body = (
        OK + ',"n":"many","stop":{},"tools":7,"seed":1e999,"new_field":[{"model":"x"}],"user":null}'
    ).encode()
    assert WIRES[CHAT].upstream_body(call_of(body)) == body


def test_a_body_of_the_greatest_size_is_read() -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":"' + "ä".encode() * (15 * 2**20) + b'"}]}'
    assert WIRES[CHAT].last_user_text(parse(body)) == "ä" * 200


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (
            '{"model":"m","stream":true,"prompt":"x"}',
            '{"stream_options":{"include_usage":true},"model":"m","stream":true,"prompt":"x"}',
        ),
        (
            ' {"model":"m","stream":true,"stream_options":null}',
            ' {"model":"m","stream":true,"stream_options":{"include_usage":true}}',
        ),
        (
            '{"model":"m","stream":true,"stream_options":{"include_usage":false,"include_obfuscation":true}}',
            '{"model":"m","stream":true,"stream_options":{"include_usage":true,"include_obfuscation":true}}',
        ),
        (
            '{"stream_options":{},"model":"m","stream":true}',
            '{"stream_options":{"include_usage":true},"model":"m","stream":true}',
        ),
        (
            '{"stream_options":{"include_obfuscation":false},"model":"m","stream":true}',
            '{"stream_options":{"include_usage":true,"include_obfuscation":false},"model":"m","stream":true}',
        ),
        (
            '{"stream_options":{"include_usage":true,"include_usage":null},"model":"m","stream":true}',
            '{"stream_options":{"include_usage":true,"include_usage":true},"model":"m","stream":true}',
        ),
    ],
)
def test_usage_is_asked_of_a_stream_whose_client_did_not(body: str, sent: str) -> None:
    assert WIRES[COMPLETIONS].upstream_body(call_of(body.encode(), COMPLETIONS)).decode() == sent


def test_a_client_who_asks_for_usage_himself_keeps_his_bytes() -> None:
    body = b'{"model":"m","stream":true,"stream_options":{"include_usage":true}}'
    assert WIRES[COMPLETIONS].upstream_body(call_of(body, COMPLETIONS)) is body


def test_without_a_stream_its_options_pass_as_they_are() -> None:
    body = b'{"model":"m","stream":false,"stream_options":{"include_usage":false}}'
    assert WIRES[COMPLETIONS].upstream_body(call_of(body, COMPLETIONS)) is body


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=6) | st.just("model"), inner, max_size=3)
    ),
    max_leaves=10,
)
EXTRA = st.dictionaries(
    st.text(max_size=10).filter(lambda key: key not in ("model", "messages", "stream", "temperature")),
    JSON,
    max_size=5,
)


@given(EXTRA, st.booleans(), st.permutations(["model", "messages", "stream"]), st.booleans())
def test_every_field_reaches_the_upstream_unchanged_but_for_model_and_usage(
    extra: dict[str, Any], stream: bool, order: list[str], compact: bool
) -> None:
    extra.pop("stream_options", None)
    own: dict[str, Any] = {
        "model": "asked",
        "messages": [{"role": "user", "content": 'say "model": "x"'}],
        "stream": stream,
    }
    fields = {**{key: own[key] for key in order[:2]}, **extra, **{key: own[key] for key in order[2:]}}
    body = json.dumps(fields, separators=(",", ":") if compact else None, ensure_ascii=compact).encode(
        "utf-8", "surrogatepass"
    )
    call = call_of(body)
    call.model = "routed"
    sent = json.loads(WIRES[CHAT].upstream_body(call))
    added = {"stream_options": {"include_usage": True}} if stream else {}
    assert sent == fields | {"model": "routed"} | added


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        (
            CHAT,
            {"messages": [{"role": "user", "content": "first"}, {"role": "assistant", "content": "no"}]},
            "first",
        ),
        (
            CHAT,
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "text", "text": "a"},
                            {"type": "image_url", "image_url": {}},
                            {"type": "text", "text": "b"},
                        ],
                    }
                ]
            },
            "a b",
        ),
        (CHAT, {"messages": [{"role": "system", "content": "s"}]}, ""),
        (CHAT, {"messages": [{"role": "user", "content": None}]}, ""),
        (CHAT, {"messages": [{"role": "user", "content": 7}]}, ""),
        (CHAT, {"messages": [{"role": "user", "content": "a\0b"}]}, "ab"),
        (COMPLETIONS, {"prompt": "once"}, "once"),
        (COMPLETIONS, {"prompt": ["one", "two"]}, "one"),
        (COMPLETIONS, {"prompt": [1, 2]}, ""),
        (COMPLETIONS, {}, ""),
        (EMBEDDINGS, {"input": ["x", "y"]}, "x"),
        (EMBEDDINGS, {"input": [[1], [2]]}, ""),
    ],
)
def test_the_preview_is_what_the_user_said_last(path: str, body: dict[str, Any], text: str) -> None:
    assert WIRES[path].last_user_text(parse(json.dumps({"model": "m"} | body).encode(), path)) == text


@given(st.text(min_size=150, max_size=1700), st.booleans())
def test_the_preview_of_a_long_text_is_its_beginning_wherever_the_cut_falls(
    text: str, ascii_only: bool
) -> None:
    body = json.dumps(
        {"model": "m", "messages": [{"role": "user", "content": text * 3}]}, ensure_ascii=ascii_only
    )
    assert WIRES[CHAT].last_user_text(parse(body.encode("utf-8", "surrogatepass"))) == (text * 3)[
        :200
    ].replace("\0", "")


def test_the_view_knows_its_messages() -> None:
    view = parse((OK + "}").encode())
    assert isinstance(view, ChatView)
    assert [message.role for message in view.messages] == ["user"]
