"""OpenAI's chat completions and responses."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from tools.rig.vendors.scene import (
    CACHED_TOKENS,
    COMPLETION_TOKENS,
    PROMPT_TOKENS,
    Asked,
    Fields,
    Said,
    fields,
    objects,
)

CHAT_USAGE = {
    "prompt_tokens": PROMPT_TOKENS, "completion_tokens": COMPLETION_TOKENS, "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS,
    "prompt_tokens_details": {"cached_tokens": CACHED_TOKENS}, "completion_tokens_details": {"reasoning_tokens": 0},
}  # fmt: skip
RESPONSES_USAGE = {
    "input_tokens": PROMPT_TOKENS, "output_tokens": COMPLETION_TOKENS, "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS,
    "input_tokens_details": {"cached_tokens": CACHED_TOKENS}, "output_tokens_details": {"reasoning_tokens": 0},
}  # fmt: skip
KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


def error(status: int) -> dict[str, Any]:
    kind = KINDS.get(status, "server_error")
    return {"error": {"message": f"asked to fail with {status}", "type": kind, "param": None, "code": None}}


def image_size(url: str) -> int:
    return len(base64.b64decode(url.partition("base64,")[2]))


def read_chat(body: dict[str, Any]) -> Asked:
    asked = Asked(body["model"], stream=bool(body.get("stream")))
    for message in body["messages"]:
        content = message.get("content")
        parts: list[Fields] = (
            objects(content) if isinstance(content, list) else [{"type": "text", "text": content or ""}]
        )
        text = "".join(part["text"] for part in parts if part["type"] == "text")
        if message["role"] in ("system", "developer"):
            asked.system = text
        elif message["role"] == "tool":
            asked.tool_results.append(text)
        elif message["role"] == "user":
            asked.text, asked.tool_results = text, []
            asked.image_bytes = [
                image_size(part["image_url"]["url"]) for part in parts if part["type"] == "image_url"
            ]
    asked.tools = [tool["function"]["name"] for tool in objects(body.get("tools"))]
    asked.wants_json = fields(body.get("response_format")).get("type") in ("json_schema", "json_object")
    return asked


def _chat_tools(said: Said) -> list[dict[str, Any]]:
    return [
        {
            "id": use.id,
            "type": "function",
            "function": {"name": use.name, "arguments": json.dumps(use.arguments)},
        }
        for use in said.tools
    ]


def chat(asked: Asked, said: Said) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": said.text or None, "refusal": None}
    if said.tools:
        message["tool_calls"] = _chat_tools(said)
    finish = "tool_calls" if said.tools else "stop"
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": asked.model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}], "usage": CHAT_USAGE,
    }  # fmt: skip


def chat_stream(asked: Asked, said: Said, *, usage: bool) -> Iterator[bytes]:
    head = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": asked.model,
    }

    def event(choices: list[Any], **more: Any) -> bytes:
        return b"data: " + json.dumps(head | {"choices": choices} | more).encode() + b"\n\n"

    def delta(fields: dict[str, Any], finish: str | None = None) -> bytes:
        return event([{"index": 0, "delta": fields, "finish_reason": finish, "logprobs": None}])

    yield delta({"role": "assistant", "content": "" if said.pieces else None})
    for piece in said.pieces:
        yield delta({"content": piece})
    for index, call in enumerate(_chat_tools(said)):
        whole = call["function"]["arguments"]
        begun = call | {"index": index, "function": call["function"] | {"arguments": ""}}
        yield delta({"tool_calls": [begun]})
        for at in range(0, len(whole), 6):
            yield delta({"tool_calls": [{"index": index, "function": {"arguments": whole[at : at + 6]}}]})
    yield delta({}, "tool_calls" if said.tools else "stop")
    if usage:
        yield event([], usage=CHAT_USAGE)
    yield b"data: [DONE]\n\n"


def read_responses(body: dict[str, Any]) -> Asked:
    asked = Asked(body["model"], stream=bool(body.get("stream")), system=body.get("instructions") or "")
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else objects(given)
    for item in items:
        if item.get("type") == "function_call_output":
            asked.tool_results.append(
                item["output"] if isinstance(item["output"], str) else item["output"][0]["text"]
            )
        elif item.get("role") in ("user", "system", "developer"):
            content = item["content"]
            parts: list[Fields] = (
                objects(content) if isinstance(content, list) else [{"type": "input_text", "text": content}]
            )
            text = "".join(part["text"] for part in parts if part["type"] == "input_text")
            if item["role"] != "user":
                asked.system = text
                continue
            asked.text, asked.tool_results = text, []
            asked.image_bytes = [
                image_size(part["image_url"]) for part in parts if part["type"] == "input_image"
            ]
    asked.tools = [tool["name"] for tool in objects(body.get("tools")) if tool["type"] == "function"]
    asked.wants_json = fields(fields(body.get("text")).get("format")).get("type") in (
        "json_schema",
        "json_object",
    )
    return asked


def _items(said: Said) -> list[dict[str, Any]]:
    if said.tools:
        return [
            {
                "type": "function_call", "id": f"fc_{index}", "call_id": use.id, "name": use.name, "status": "completed",
                "arguments": json.dumps(use.arguments),
            }
            for index, use in enumerate(said.tools)
        ]  # fmt: skip
    content: list[Fields] = [{"type": "output_text", "text": said.text, "annotations": [], "logprobs": []}]
    return [
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}
    ]


def responses(asked: Asked, said: Said) -> dict[str, Any]:
    return {
        "id": "resp_1", "object": "response", "created_at": 1_700_000_000, "status": "completed", "model": asked.model,
        "output": _items(said), "usage": RESPONSES_USAGE, "error": None, "incomplete_details": None, "instructions": None,
        "metadata": {}, "parallel_tool_calls": True, "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0,
        "text": {"format": {"type": "text"}}, "truncation": "disabled", "previous_response_id": None, "store": True,
    }  # fmt: skip


def responses_stream(asked: Asked, said: Said) -> Iterator[bytes]:
    number = 0

    def event(kind: str, **fields: Any) -> bytes:
        nonlocal number
        data = {"type": kind, "sequence_number": number} | fields
        number += 1
        return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()

    whole = responses(asked, said)
    begun: Fields = whole | {"status": "in_progress", "output": [], "usage": None}
    yield event("response.created", response=begun)
    yield event("response.in_progress", response=begun)
    for index, item in enumerate(whole["output"]):
        place = {"item_id": item["id"], "output_index": index}
        if item["type"] == "function_call":
            yield event(
                "response.output_item.added",
                output_index=index,
                item=item | {"arguments": "", "status": "in_progress"},
            )
            text = item["arguments"]
            for at in range(0, len(text), 6):
                yield event("response.function_call_arguments.delta", **place, delta=text[at : at + 6])
            yield event("response.function_call_arguments.done", **place, arguments=text, name=item["name"])
        else:
            yield event(
                "response.output_item.added",
                output_index=index,
                item=item | {"content": [], "status": "in_progress"},
            )
            part = item["content"][0]
            place["content_index"] = 0
            yield event("response.content_part.added", **place, part=part | {"text": ""})
            for piece in said.pieces:
                yield event("response.output_text.delta", **place, delta=piece, logprobs=[])
            yield event("response.output_text.done", **place, text=said.text, logprobs=[])
            yield event("response.content_part.done", **place, part=part)
        yield event("response.output_item.done", output_index=index, item=item)
    yield event("response.completed", response=whole)
