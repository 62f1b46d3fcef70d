"""Answers of `generateContent`, whole: read from a provider, written for a client."""

from __future__ import annotations

from typing import Any

import msgspec

from headgate.kernel import json
from headgate.kernel.errors import google_status
from headgate.wire.google.facts import BLOCKS, tokens_of
from headgate.wire.google.parts import Calls, call_fields, read_part, thought_fields
from headgate.wire.neutral import (
    Audio,
    Choice,
    Failed,
    Fields,
    Finish,
    Image,
    Opaque,
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

REASONS: dict[Finish, str] = {
    "stop": "STOP", "length": "MAX_TOKENS", "context": "MAX_TOKENS", "stop_sequence": "STOP", "tool": "STOP", "refusal": "SAFETY",
    "pause": "STOP", "other": "OTHER",
}  # fmt: skip
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def read_reply(body: bytes) -> Reply:
    """A provider's answer. Raises ValueError when it is no JSON object."""
    answer = answer_of(body)
    choices = [_choice(each) for each in objects_of(answer.get("candidates"))]
    if not choices:
        choices = [Choice([], "refusal" if blocked(answer) else "other")]
    raw = bytes(_members(body).get("usageMetadata", msgspec.Raw(b"")))
    return Reply(
        text_of(answer.get("responseId")),
        text_of(answer.get("modelVersion")),
        choices,
        tokens_of(raw if raw.startswith(b"{") else b""),
        "google",
    )


def blocked(answer: Fields) -> bool:
    """Did a filter stop the prompt?"""
    return bool(object_of(answer.get("promptFeedback")).get("blockReason"))


def _choice(candidate: Fields) -> Choice:
    calls = Calls()
    content = object_of(candidate.get("content"))
    parts = [part for each in objects_of(content.get("parts")) for part in read_part(each, calls)]
    texts = [part for part in parts if isinstance(part, Text)]
    if texts:
        texts[-1].citations = citations_of(candidate)
        texts[-1].maker = "google"
    called = any(isinstance(part, ToolCall) for part in parts)
    return Choice(parts, finish_of(text_of(candidate.get("finishReason")), called=called))


def finish_of(reason: str, *, called: bool) -> Finish:
    if reason in BLOCKS:
        return "refusal"
    if reason == "MAX_TOKENS":
        return "length"
    if reason in ("STOP", ""):
        return "tool" if called else "stop"
    return "other"


def citations_of(candidate: Fields) -> list[Fields]:
    """The web pages that an answer is grounded on."""
    found: list[Fields] = []
    for chunk in objects_of(object_of(candidate.get("groundingMetadata")).get("groundingChunks")):
        web = object_of(chunk.get("web"))
        if url := text_of(web.get("uri")):
            found.append({"type": "web", "url": url, "title": text_of(web.get("title"))})
    return found


def write_reply(reply: Reply, request: Request) -> bytes:
    """The whole body for a client of this wire."""
    candidates: list[Fields] = []
    for index, choice in enumerate(reply.choices):
        parts = [fields for part in choice.parts for fields in part_fields(part)]
        content: Fields = {"role": "model", "parts": parts}
        candidates.append({"content": content, "finishReason": REASONS[choice.finish], "index": index})
    fields: Fields = {"candidates": candidates}
    if reply.tokens.known:
        fields["usageMetadata"] = usage_fields(reply.tokens)
    return json.encode(fields | {"modelVersion": reply.model or request.model, "responseId": reply.id})


def part_fields(part: Part) -> list[Fields]:
    """What a part of an answer is for a client; nothing for what this wire cannot hold."""
    match part:
        case Text() | Refusal():
            return [{"text": part.text}]
        case Thinking():
            return [thought_fields(part)]
        case ToolCall():
            return [call_fields(part)]
        case Image() | Audio() if part.source.data:
            return [
                {"inlineData": {"mimeType": part.source.media_type or "image/png", "data": part.source.data}}
            ]
        case Opaque() if part.maker == "google":
            return [part.data]
        case _:
            return []


def usage_fields(tokens: Tokens) -> Fields:
    """Token classes as this wire's usage object: thoughts are told beside the answer."""
    fields: Fields = {
        "promptTokenCount": tokens.input,
        "candidatesTokenCount": tokens.output - tokens.reasoning,
    }
    if tokens.reasoning:
        fields["thoughtsTokenCount"] = tokens.reasoning
    if tokens.cache_read:
        fields["cachedContentTokenCount"] = tokens.cache_read
    return fields | {"totalTokenCount": tokens.input + tokens.output}


def read_error(status: int, body: bytes) -> Failed:
    """A provider's refusal, as far as it can be read; on streams it may stand in an array."""
    try:
        parsed: Any = json.decode(body)
    except (ValueError, RecursionError):
        parsed = {}
    told = objects_of(parsed)[0] if objects_of(parsed) else object_of(parsed)
    error = object_of(told.get("error"))
    message = text_of(error.get("message")) or f"The provider refused the request with status {status}."
    return Failed(status, message, text_of(error.get("status")))


def failed_of(error: Fields) -> Failed:
    """An error inside a stream."""
    status = count_of(error.get("code"))
    message = text_of(error.get("message")) or "The provider failed in the middle of its answer."
    return Failed(status if 400 <= status < 600 else 500, message, text_of(error.get("status")))


def write_error(failed: Failed) -> bytes:
    return json.encode(error_fields(failed))


def error_fields(failed: Failed) -> Fields:
    """Google's error object."""
    return {
        "error": {"code": failed.status, "message": failed.message, "status": google_status(failed.status)}
    }
