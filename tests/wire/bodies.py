"""Whole answers of every kind, as providers send them."""

from __future__ import annotations

from typing import Any

Body = dict[str, Any]

USAGE: Body = {
    "prompt_tokens": 9,
    "completion_tokens": 4,
    "total_tokens": 13,
    "prompt_tokens_details": {"cached_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
TOKEN: Body = {
    "token": "Hi",
    "logprob": -0.1,
    "bytes": [72, 105],
    "top_logprobs": [{"token": "Hi", "logprob": -0.1, "bytes": [72, 105]}],
}


def choice(message: Body, finish: str = "stop", index: int = 0, logprobs: Body | None = None) -> Body:
    full: Body = {"role": "assistant", "content": None, "refusal": None} | message
    return {"index": index, "message": full, "logprobs": logprobs, "finish_reason": finish}


def chat_body(*choices: Body, **more: Any) -> Body:
    head: Body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "gpt-4o-2024-08-06",
    }
    return head | {"choices": list(choices), "usage": USAGE} | more


def tool(name: str, arguments: str, id: str) -> Body:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


CHAT_BODIES: dict[str, Body] = {
    "plain": chat_body(
        choice({"content": 'Hello, Wörld \u2028 "x"'}), service_tier="default", system_fingerprint="fp_1"
    ),
    "empty": chat_body(choice({"content": ""})),
    "long": chat_body(choice({"content": "0123456789 é" * 1500}, "length")),
    "tools": chat_body(
        choice(
            {
                "tool_calls": [
                    tool("get_weather", '{"city":"Paris"}', "call_1"),
                    tool("get_weather", "{}", "call_2"),
                ]
            },
            "tool_calls",
        )
    ),
    "text and tool": chat_body(
        choice({"content": "Let me look.", "tool_calls": [tool("f", "", "call_1")]}, "tool_calls")
    ),
    "function": chat_body(choice({"function_call": {"name": "f", "arguments": '{"a":1}'}}, "function_call")),
    "refusal": chat_body(choice({"refusal": "I can't."})),
    "logprobs": chat_body(choice({"content": "Hi"}, logprobs={"content": [TOKEN], "refusal": None})),
    "two choices": chat_body(choice({"content": "a"}), choice({"content": "b"}, "length", 1)),
    "annotations": chat_body(
        choice(
            {
                "content": "see x",
                "annotations": [
                    {
                        "type": "url_citation",
                        "url_citation": {
                            "start_index": 0,
                            "end_index": 1,
                            "title": "t",
                            "url": "https://x.example",
                        },
                    }
                ],
            }
        )
    ),
    "audio": chat_body(
        choice({"audio": {"id": "audio_1", "data": "UklGRg==", "expires_at": 1700003600, "transcript": "hi"}})
    ),
    "fields of others": chat_body(
        choice({"content": "4", "reasoning_content": "2+2"})
        | {"content_filter_results": {"hate": {"filtered": False}}},
        citations=["https://x.example"],
    ),
}

TEXT_HEAD: Body = {
    "id": "cmpl-1",
    "object": "text_completion",
    "created": 1700000000,
    "model": "gpt-3.5-turbo-instruct",
}
TEXT_LOGPROBS: Body = {
    "tokens": ["a", "b"],
    "token_logprobs": [-0.1, -0.2],
    "top_logprobs": [{"a": -0.1}, {"b": -0.2}],
    "text_offset": [0, 1],
}
TEXT_BODIES: dict[str, Body] = {
    "plain": TEXT_HEAD
    | {
        "choices": [{"text": "once", "index": 0, "logprobs": None, "finish_reason": "length"}],
        "usage": USAGE,
    },
    "empty": TEXT_HEAD
    | {"choices": [{"text": "", "index": 0, "logprobs": None, "finish_reason": "stop"}], "usage": USAGE},
    "long": TEXT_HEAD
    | {
        "choices": [{"text": "abc é" * 3000, "index": 0, "logprobs": None, "finish_reason": "stop"}],
        "usage": USAGE,
    },
    "logprobs, two choices": TEXT_HEAD
    | {
        "choices": [
            {"text": "ab", "index": 0, "logprobs": TEXT_LOGPROBS, "finish_reason": "stop"},
            {"text": "c", "index": 1, "logprobs": None, "finish_reason": "length"},
        ],
        "usage": USAGE,
        "system_fingerprint": "fp_1",
    },
}
