"""Responses, whole: read from a provider, written for a client."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec

from headgate.kernel import json
from headgate.kernel.errors import ProviderError
from headgate.wire.codec import Fates
from headgate.wire.neutral import (
    Blob,
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
from headgate.wire.responses.facts import TIERS, tokens_of
from headgate.wire.responses.writing import choice_fields, text_fields, tool_fields
from headgate.wire.seals import Seal, sealed

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_INCOMPLETE: dict[str, Finish] = {"max_output_tokens": "length", "content_filter": "refusal"}
_REASONS: dict[Finish, str] = {
    "length": "max_output_tokens",
    "context": "max_output_tokens",
    "refusal": "content_filter",
}
_OF_THE_REPLY = ("id", "object", "created_at", "model", "output", "usage", "service_tier", "status")


_OURS = "resp_hg"


def new_id(kind: str) -> str:
    """`msg_...`, `fc_...`: an id that nobody can guess."""
    return f"{kind}_{secrets.token_hex(24)}"


def is_ours(response_id: str) -> bool:
    """Was the response with this id made here, so that no provider knows it?"""
    return response_id.startswith(_OURS)


def read_reply(body: bytes) -> Reply:
    """A provider's answer. Raises ValueError when it is no JSON object, ProviderError when it tells of a failure."""
    answer = answer_of(body)
    if answer.get("status") == "failed":
        failed = failed_of(object_of(answer.get("error")))
        raise ProviderError(failed.message, upstream_status=failed.status)
    parts = [part for item in objects_of(answer.get("output")) for part in parts_of(item)]
    return Reply(
        text_of(answer.get("id")),
        text_of(answer.get("model")),
        [Choice(parts, finish_of(answer, called=any(isinstance(part, ToolCall) for part in parts)))],
        tokens_in(answer, body),
        "openai",
        count_of(answer.get("created_at")),
        text_of(answer.get("service_tier")),
        {key: value for key, value in answer.items() if key not in _OF_THE_REPLY},
    )


def tokens_in(answer: Fields, body: bytes | msgspec.Raw) -> Tokens:
    """The usage of a response, with the tier it was served by."""
    raw = bytes(_members(body).get("usage", msgspec.Raw(b"")))
    tokens = tokens_of(raw if raw.startswith(b"{") else b"")
    if text_of(answer.get("service_tier")) in TIERS:
        tokens.tier = text_of(answer["service_tier"])
    return tokens


def finish_of(answer: Fields, *, called: bool) -> Finish:
    if answer.get("status") == "incomplete":
        reason = text_of(object_of(answer.get("incomplete_details")).get("reason"))
        return _INCOMPLETE.get(reason, "other")
    return "tool" if called else "stop"


def failed_of(error: Fields) -> Failed:
    """The error of a response or of a stream."""
    code = text_of(error.get("code"))
    status = 429 if code == "rate_limit_exceeded" else 400 if code.startswith(("invalid_", "image_")) else 500
    message = text_of(error.get("message")) or "The provider failed in the middle of its answer."
    return Failed(status, message, text_of(error.get("type")), code, text_of(error.get("param")))


def parts_of(item: Fields) -> list[Part]:
    """What an output item says."""
    kind = text_of(item.get("type"))
    if kind == "message":
        return [_said(part) for part in objects_of(item.get("content"))]
    if kind == "reasoning":
        return [thought_of(item)]
    if kind == "function_call":
        return [
            ToolCall(text_of(item.get("call_id")), text_of(item.get("name")), text_of(item.get("arguments")))
        ]
    if kind == "custom_tool_call":
        return [
            ToolCall(
                text_of(item.get("call_id")),
                text_of(item.get("name")),
                text_of(item.get("input")),
                custom=True,
            )
        ]
    if kind == "image_generation_call" and text_of(item.get("result")):
        media_type = f"image/{text_of(item.get('output_format')) or 'png'}"
        return [Image(Blob(media_type, data=text_of(item["result"])))]
    return [Opaque("openai", kind, item)]


def _said(part: Fields) -> Part:
    if part.get("type") == "refusal":
        return Refusal(text_of(part.get("refusal")))
    return Text(text_of(part.get("text")), citations=objects_of(part.get("annotations")), maker="openai")


def thought_of(item: Fields) -> Thinking:
    """A reasoning item: what it shows, and what is sealed."""
    shown = "".join(text_of(part.get("text")) for part in objects_of(item.get("content")))
    summary = "\n\n".join(text_of(part.get("text")) for part in objects_of(item.get("summary")))
    return Thinking(
        shown or summary, text_of(item.get("encrypted_content")), id=text_of(item.get("id")), maker="openai"
    )


def write_reply(reply: Reply, request: Request) -> bytes:
    """The whole body for a client of this wire."""
    choice = reply.choices[0] if reply.choices else Choice([])
    items: list[Fields] = []
    for part in choice.parts:
        add_part(items, part)
    fields = head(request, reply.model, reply.created) | {"output": items}
    return json.encode(fields | ending(choice.finish, reply.tokens))


def head(request: Request, model: str, created: int) -> Fields:
    """What a response says of its request."""
    fates = Fates()
    return {
        "id": _OURS + secrets.token_hex(24), "object": "response", "created_at": created, "status": "in_progress",
        "background": False,
        "error": None, "incomplete_details": None, "instructions": _instructions(request),
        "max_output_tokens": request.max_tokens, "max_tool_calls": None, "model": model or request.model, "output": [],
        "parallel_tool_calls": request.parallel_tools is not False, "previous_response_id": None,
        "reasoning": {"effort": request.thinking.effort if request.thinking else None, "summary": None},
        "service_tier": "default", "store": request.store is not False,
        "temperature": 1.0 if request.temperature is None else request.temperature,
        "text": text_fields(request.output, request.verbosity) or {"format": {"type": "text"}},
        "tool_choice": choice_fields(request.tool_choice, request.tools) or "auto",
        "tools": [tool_fields(tool, fates) for tool in request.tools], "top_logprobs": request.top_logprobs or 0,
        "top_p": 1.0 if request.top_p is None else request.top_p, "truncation": "disabled", "usage": None,
        "user": request.user or None, "metadata": request.metadata,
    }  # fmt: skip


def _instructions(request: Request) -> str | None:
    first = request.messages[0] if request.messages else None
    if first is None or first.role != "system":
        return None
    return "".join(part.text for part in first.parts if isinstance(part, Text))


def ending(finish: Finish, tokens: Tokens) -> Fields:
    """How a response ended, and what it took."""
    reason = _REASONS.get(finish)
    return {
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "usage": usage_fields(tokens) if tokens.known else None,
    }


def usage_fields(tokens: Tokens) -> Fields:
    """Token classes as this wire's usage object."""
    return {
        "input_tokens": tokens.input,
        "input_tokens_details": {
            "cached_tokens": tokens.cache_read,
            "cache_write_tokens": tokens.cache_write,
        },
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": tokens.input + tokens.output,
    }


def add_part(items: list[Fields], part: Part) -> None:
    """`part` as an item of its own, or as a part of the message that the answer is in."""
    content = content_of(part)
    if content is None:
        items.extend(items_of(part))
        return
    last = items[-1] if items else None
    if last is None or last.get("type") != "message":
        last = message()
        items.append(last)
    last["content"].append(content)


def message() -> Fields:
    return {"type": "message", "id": new_id("msg"), "role": "assistant", "status": "completed", "content": []}


def content_of(part: Part) -> Fields | None:
    """A part of a message; None for what is an item of its own."""
    if isinstance(part, Refusal):
        return {"type": "refusal", "refusal": part.text}
    if not isinstance(part, Text):
        return None
    return {"type": "output_text", "text": part.text, "annotations": annotations_of(part), "logprobs": []}


def annotations_of(part: Text) -> list[Fields]:
    """Citations in this wire's form: flat, OpenAI's own or those that name a web page."""
    found: list[Fields] = []
    for citation in part.citations:
        nested = object_of(citation.get("url_citation"))
        if nested:
            found.append({"type": "url_citation", **nested})
        elif part.maker == "openai":
            found.append(citation)
        elif url := text_of(citation.get("url")):
            where: Fields = {"start_index": 0, "end_index": len(part.text)}
            found.append(
                {"type": "url_citation", "url": url, "title": text_of(citation.get("title"))} | where
            )
    return found


def items_of(part: Part) -> list[Fields]:
    """The items that say what `part` says; none for what this wire cannot hold."""
    match part:
        case ToolCall():
            return [*call_seal(part), call_item(part)]
        case Thinking():
            return [reasoning_item(part)]
        case Image() if part.source.data:
            kind = part.source.media_type.removeprefix("image/") or "png"
            made: Fields = {
                "id": new_id("ig"),
                "status": "completed",
                "result": part.source.data,
                "output_format": kind,
            }
            return [{"type": "image_generation_call", **made}]
        case Opaque() if part.maker == "openai":
            return [part.data]
        case _:
            return []


def call_seal(call: ToolCall) -> list[Fields]:
    """The signature of a call, in an item before it."""
    if not call.signature:
        return []
    seal = sealed(Seal("google", "call", call.signature))
    return [{"type": "reasoning", "id": new_id("rs"), "summary": [], "encrypted_content": seal}]


def call_item(call: ToolCall) -> Fields:
    kind, key, prefix = (
        ("custom_tool_call", "input", "ctc") if call.custom else ("function_call", "arguments", "fc")
    )
    arguments: Any = call.arguments or ("" if call.custom else "{}")
    return {
        "type": kind,
        "id": new_id(prefix),
        "call_id": call.id,
        "name": call.name,
        key: arguments,
        "status": "completed",
    }


def reasoning_item(thought: Thinking) -> Fields:
    """A thought. OpenAI's own seal goes as it is, another maker's with its name on it."""
    own = thought.maker in ("openai", "")
    item: Fields = {"type": "reasoning", "id": (own and thought.id) or new_id("rs"), "summary": []}
    if thought.text:
        item["summary"] = [{"type": "summary_text", "text": thought.text}]
    if thought.redacted:
        item["encrypted_content"] = sealed(Seal(thought.maker, "redacted", thought.redacted, thought.id))
    elif thought.signature:
        seal = Seal(thought.maker, "signature", thought.signature, thought.id)
        item["encrypted_content"] = thought.signature if own else sealed(seal)
    return item
