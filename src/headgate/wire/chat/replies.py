"""Chat completions answers and errors, whole: read from a provider, written for a client."""

from __future__ import annotations

from typing import Any

import msgspec

from headgate.kernel import json
from headgate.wire.chat.parts import call_fields, thinking_parts_of
from headgate.wire.chat.writing import client_thinking
from headgate.wire.neutral import (
    Audio,
    Blob,
    Choice,
    Failed,
    Fields,
    Finish,
    Part,
    Refusal,
    Reply,
    Request,
    Text,
    Thinking,
    Tokens,
    ToolCall,
)
from headgate.wire.node import answer_of, count_of, object_of, objects_of, text_of
from headgate.wire.usage import read_usage

FINISHES: dict[str, Finish] = {
    "stop": "stop", "length": "length", "tool_calls": "tool", "function_call": "tool", "content_filter": "refusal",
}  # fmt: skip
REASONS: dict[Finish, str] = {
    "stop": "stop", "length": "length", "context": "length", "stop_sequence": "stop", "tool": "tool_calls",
    "refusal": "content_filter", "pause": "stop", "other": "stop",
}  # fmt: skip
_OF_THE_REPLY = ("id", "object", "created", "model", "choices", "usage", "service_tier")
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def read_reply(body: bytes) -> Reply:
    """A provider's answer. Raises ValueError when it is no JSON object."""
    answer = answer_of(body)
    raw = bytes(_members(body).get("usage", msgspec.Raw(b"")))
    return Reply(
        text_of(answer.get("id")),
        text_of(answer.get("model")),
        [_choice(each) for each in objects_of(answer.get("choices"))],
        tokens_of(raw),
        "openai",
        count_of(answer.get("created")),
        text_of(answer.get("service_tier")),
        {key: value for key, value in answer.items() if key not in _OF_THE_REPLY},
    )


def _choice(fields: Fields) -> Choice:
    message = object_of(fields.get("message"))
    parts: list[Part] = [*thinking_parts_of(message)]
    content = message.get("content")
    if isinstance(content, str) and content:
        parts.append(Text(content, citations=objects_of(message.get("annotations")), maker="openai"))
    for each in objects_of(content):  # a few providers answer in parts
        if each.get("type") == "text":
            parts.append(Text(text_of(each.get("text"))))
        elif each.get("type") == "thinking":
            parts.insert(
                0, Thinking("".join(text_of(inner.get("text")) for inner in objects_of(each.get("thinking"))))
            )
    if refusal := text_of(message.get("refusal")):
        parts.append(Refusal(refusal))
    if audio := object_of(message.get("audio")):
        sound = Blob(data=text_of(audio.get("data")))
        parts.append(Audio(sound, text_of(audio.get("transcript")), text_of(audio.get("id"))))
    calls = [call_of(each) for each in objects_of(message.get("tool_calls"))]
    if older := object_of(message.get("function_call")):
        calls.append(ToolCall("call_0", text_of(older.get("name")), text_of(older.get("arguments"))))
    parts.extend(calls)
    finish = FINISHES.get(text_of(fields.get("finish_reason")), "other")
    if calls and finish == "stop":
        finish = "tool"  # some say stop although they called
    return Choice(parts, finish, logprobs=object_of(fields.get("logprobs")) or None)


def call_of(fields: Fields) -> ToolCall:
    """A member of `tool_calls` in an answer."""
    if custom := object_of(fields.get("custom")):
        return ToolCall(
            text_of(fields.get("id")), text_of(custom.get("name")), text_of(custom.get("input")), custom=True
        )
    function = object_of(fields.get("function"))
    arguments = function.get("arguments")
    text = arguments if isinstance(arguments, str) else json.encode(arguments or {}).decode()
    google = object_of(object_of(fields.get("extra_content")).get("google"))
    return ToolCall(
        text_of(fields.get("id")), text_of(function.get("name")), text, signature=text_of(google.get("thought_signature"))
    )  # fmt: skip


def tokens_of(raw: bytes) -> Tokens:
    """The token classes of a usage object in any of the spellings in use."""
    if not raw.startswith(b"{"):
        return Tokens()
    usage = read_usage(raw)
    told = object_of(json.decode(raw))
    made, inside = (
        object_of(told.get("completion_tokens_details")),
        object_of(told.get("prompt_tokens_details")),
    )
    return Tokens(
        usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens, usage.cache_write_tokens, 0, usage.reasoning_tokens,
        count_of(inside.get("audio_tokens")), count_of(made.get("audio_tokens")), usage.tier, usage.known, raw,
    )  # fmt: skip


def usage_fields(tokens: Tokens) -> Fields:
    """The same as this wire's usage object."""
    inside: Fields = {"cached_tokens": tokens.cache_read, "audio_tokens": tokens.audio_in}
    if tokens.cache_write:
        inside["cache_write_tokens"] = tokens.cache_write
    return {
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "prompt_tokens_details": inside,
        "completion_tokens_details": {
            "reasoning_tokens": tokens.reasoning,
            "audio_tokens": tokens.audio_out,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def write_reply(reply: Reply, request: Request) -> bytes:
    """The whole body for a client of this wire."""
    choices = [_choice_fields(index, choice, request) for index, choice in enumerate(reply.choices)]
    fields: Fields = {
        "id": reply.id, "object": "chat.completion", "created": reply.created, "model": reply.model, "choices": choices,
    }  # fmt: skip
    if reply.tokens.known:
        fields["usage"] = usage_fields(reply.tokens)
    if reply.service_tier and reply.maker == "openai":
        fields["service_tier"] = reply.service_tier
    return json.encode(fields)


def _choice_fields(index: int, choice: Choice, request: Request) -> Fields:
    message: Fields = {"role": "assistant", "content": None, "refusal": None}
    texts = [part for part in choice.parts if isinstance(part, Text)]
    if texts:
        message["content"] = "".join(part.text for part in texts)
    if refusal := "".join(part.text for part in choice.parts if isinstance(part, Refusal)):
        message["refusal"] = refusal
    if annotations := annotations_of(texts):
        message["annotations"] = annotations
    message |= client_thinking([part for part in choice.parts if isinstance(part, Thinking)])
    for part in choice.parts:
        if isinstance(part, Audio):
            message["audio"] = {
                "id": part.id,
                "data": part.source.data,
                "transcript": part.transcript,
                "expires_at": 0,
            }
    calls = [part for part in choice.parts if isinstance(part, ToolCall)]
    if calls and request.functions:
        message["function_call"] = {"name": calls[0].name, "arguments": calls[0].arguments or "{}"}
    elif calls:
        message["tool_calls"] = [call_fields(call) for call in calls]
    reason = REASONS[choice.finish]
    if reason == "tool_calls" and request.functions:
        reason = "function_call"
    return {"index": index, "message": message, "logprobs": choice.logprobs, "finish_reason": reason}


def annotations_of(texts: list[Text]) -> list[Fields]:
    """Citations as this wire's annotations: its own as they are, another's when they name a web page."""
    found: list[Fields] = []
    at = 0
    for part in texts:
        for citation in part.citations:
            if part.maker == "openai":
                found.append(citation)
            elif url := text_of(citation.get("url")):
                where = {"start_index": at, "end_index": at + len(part.text)}
                cited: Fields = where | {"title": text_of(citation.get("title")), "url": url}
                found.append({"type": "url_citation", "url_citation": cited})
        at += len(part.text)
    return found


def read_error(status: int, body: bytes) -> Failed:
    """A provider's refusal, as far as it can be read."""
    try:
        told: Any = answer_of(body)
    except ValueError:
        told = {}
    error = told.get("error")
    if isinstance(error, str):
        return Failed(status, error)
    fields = object_of(error)
    message = (
        text_of(fields.get("message"))
        or text_of(told.get("message"))
        or f"The provider refused the request with status {status}."
    )
    code = fields.get("code")
    return Failed(
        status, message, text_of(fields.get("type")), code if isinstance(code, str) else "", text_of(fields.get("param"))
    )  # fmt: skip


def error_fields(failed: Failed) -> Fields:
    """OpenAI's error object."""
    kind = failed.kind or (
        "rate_limit_error"
        if failed.status == 429
        else "invalid_request_error"
        if failed.status < 500
        else "api_error"
    )
    error = {
        "message": failed.message,
        "type": kind,
        "param": failed.param or None,
        "code": failed.code or None,
    }
    return {"error": error | {"status": failed.status}}


def write_error(failed: Failed) -> bytes:
    return json.encode(error_fields(failed))
