"""The same small conversation on every wire: as a request, as an answer, as a stream cut into pieces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from headgate.call.call import Call, Reply, View
from headgate.call.caller import Caller

CHAT, COMPLETIONS, EMBEDDINGS = "openai.chat", "openai.completions", "openai.embeddings"
MESSAGES, RESPONSES, GOOGLE = "anthropic.messages", "openai.responses", "google.generate"
TALKING = (CHAT, COMPLETIONS, MESSAGES, RESPONSES, GOOGLE)
WIRES = (*TALKING, EMBEDDINGS)
WITH_SYSTEM = (CHAT, MESSAGES, RESPONSES, GOOGLE)


def encode(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def request(
    wire: str, text: str, *, system: str = "", tool: str = "", stream: bool = False
) -> dict[str, Any]:
    """A request in which the user says `text`; the system and a tool may say something too."""
    made = _REQUESTS[wire](text, system, tool)
    if stream and wire != GOOGLE:
        made["stream"] = True
    return made


def _chat(text: str, system: str, tool: str) -> dict[str, Any]:
    messages: list[Any] = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": text})
    if tool:
        asked = {
            "id": "call_1",
            "type": "function",
            "function": {"name": "look", "arguments": '{"at":"page"}'},
        }
        messages.append({"role": "assistant", "content": None, "tool_calls": [asked]})
        messages.append({"role": "tool", "tool_call_id": "call_1", "content": tool})
    return {"model": "gpt-4o", "messages": messages}


def _completions(text: str, system: str, tool: str) -> dict[str, Any]:
    return {"model": "gpt-3.5-turbo-instruct", "prompt": text}


def _embeddings(text: str, system: str, tool: str) -> dict[str, Any]:
    return {"model": "text-embedding-3-small", "input": text}


def _messages(text: str, system: str, tool: str) -> dict[str, Any]:
    messages: list[Any] = [{"role": "user", "content": [{"type": "text", "text": text}]}]
    if tool:
        asked = {"type": "tool_use", "id": "tu_1", "name": "look", "input": {"at": "page"}}
        messages.append({"role": "assistant", "content": [asked]})
        told = {"type": "tool_result", "tool_use_id": "tu_1", "content": [{"type": "text", "text": tool}]}
        messages.append({"role": "user", "content": [told]})
    return {"model": "claude-sonnet-4-5", "max_tokens": 100, "messages": messages} | (
        {"system": system} if system else {}
    )


def _responses(text: str, system: str, tool: str) -> dict[str, Any]:
    items: list[Any] = [{"role": "user", "content": [{"type": "input_text", "text": text}]}]
    if tool:
        items.append(
            {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": '{"at":"page"}'}
        )
        items.append({"type": "function_call_output", "call_id": "call_1", "output": tool})
    return {"model": "gpt-4o", "input": items} | ({"instructions": system} if system else {})


def _google(text: str, system: str, tool: str) -> dict[str, Any]:
    contents: list[Any] = [{"role": "user", "parts": [{"text": text}]}]
    if tool:
        contents.append(
            {"role": "model", "parts": [{"functionCall": {"name": "look", "args": {"at": "page"}}}]}
        )
        told = {"functionResponse": {"name": "look", "response": {"page": tool}}}
        contents.append({"role": "user", "parts": [told]})
    said = {"systemInstruction": {"parts": [{"text": system}]}} if system else {}
    return {"contents": contents} | said


_REQUESTS = {
    CHAT: _chat, COMPLETIONS: _completions, EMBEDDINGS: _embeddings, MESSAGES: _messages, RESPONSES: _responses,
    GOOGLE: _google,
}  # fmt: skip


def reply(wire: str, text: str) -> dict[str, Any]:
    """A whole answer that says `text`."""
    if wire == CHAT:
        choice: dict[str, Any] = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": "stop",
        }
        return {
            "id": "c1",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt-4o",
            "choices": [choice],
            "usage": _USAGE,
        }
    if wire == COMPLETIONS:
        choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": "stop"}
        return {
            "id": "c1",
            "object": "text_completion",
            "created": 1,
            "model": "m",
            "choices": [choice],
            "usage": _USAGE,
        }
    if wire == MESSAGES:
        return _anthropic([{"type": "text", "text": text}], "end_turn")
    if wire == RESPONSES:
        return _response([_item(text)], "completed")
    if wire == GOOGLE:
        return _candidate(text, "STOP") | {"usageMetadata": _GOOGLE_USAGE, "modelVersion": "gemini"}
    data = [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}]
    return {"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": 3, "total_tokens": 3}}


_USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
_GOOGLE_USAGE = {"promptTokenCount": 3, "candidatesTokenCount": 4, "totalTokenCount": 7}


def _anthropic(content: list[Any], stop: str | None) -> dict[str, Any]:
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": content,
        "stop_reason": stop, "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": 4},
    }  # fmt: skip


def _item(text: str, status: str = "completed") -> dict[str, Any]:
    parts = [{"type": "output_text", "text": text, "annotations": []}]
    return {"id": "item_1", "type": "message", "role": "assistant", "status": status, "content": parts}


def _response(output: list[Any], status: str) -> dict[str, Any]:
    usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    return {
        "id": "resp_1",
        "object": "response",
        "status": status,
        "model": "gpt-4o",
        "output": output,
        "usage": usage,
    }


def _candidate(text: str, finish: str | None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": [{"text": text}]}}
    return {"candidates": [candidate | ({"finishReason": finish} if finish else {})]}


def stream(wire: str, pieces: Sequence[str]) -> list[bytes]:
    """An answer that says `pieces` one after the other, as the events of a stream."""
    return _STREAMS[wire](pieces)


def _data(value: Any, name: str = "") -> bytes:
    return (f"event: {name}\n".encode() if name else b"") + b"data: " + encode(value) + b"\n\n"


def _chat_stream(pieces: Sequence[str]) -> list[bytes]:
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o"}

    def chunk(delta: Any, finish: str | None = None) -> bytes:
        return _data(head | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    said = [chunk({"content": piece}) for piece in pieces]
    return [chunk({"role": "assistant", "content": ""}), *said, chunk({}, "stop"), b"data: [DONE]\n\n"]


def _completions_stream(pieces: Sequence[str]) -> list[bytes]:
    head = {"id": "c1", "object": "text_completion", "created": 1, "model": "m"}
    said = [
        _data(head | {"choices": [{"index": 0, "text": piece, "logprobs": None, "finish_reason": None}]})
        for piece in pieces
    ]
    last = _data(head | {"choices": [{"index": 0, "text": "", "logprobs": None, "finish_reason": "stop"}]})
    return [*said, last, b"data: [DONE]\n\n"]


def _messages_stream(pieces: Sequence[str]) -> list[bytes]:
    def event(kind: str, **fields: Any) -> bytes:
        return _data({"type": kind, **fields}, kind)

    said = [
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece}) for piece in pieces
    ]
    return [
        event("message_start", message=_anthropic([], None)),
        event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        *said,
        event("content_block_stop", index=0),
        event(
            "message_delta",
            delta={"stop_reason": "end_turn", "stop_sequence": None},
            usage={"output_tokens": 4},
        ),
        event("message_stop"),
    ]


def _responses_stream(pieces: Sequence[str]) -> list[bytes]:
    number = iter(range(1000))

    def event(kind: str, **fields: Any) -> bytes:
        return _data({"type": kind, "sequence_number": next(number), **fields}, kind)

    text = "".join(pieces)
    place = {"item_id": "item_1", "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "text": text, "annotations": []}
    return [
        event("response.created", response=_response([], "in_progress")),
        event("response.output_item.added", output_index=0, item={**_item("", "in_progress"), "content": []}),
        event("response.content_part.added", **place, part={**part, "text": ""}),
        *[event("response.output_text.delta", **place, delta=piece) for piece in pieces],
        event("response.output_text.done", **place, text=text),
        event("response.content_part.done", **place, part=part),
        event("response.output_item.done", output_index=0, item=_item(text)),
        event("response.completed", response=_response([_item(text)], "completed")),
    ]


def _google_stream(pieces: Sequence[str]) -> list[bytes]:
    last = _candidate("", "STOP") | {"usageMetadata": _GOOGLE_USAGE}
    return [*[_data(_candidate(piece, None)) for piece in pieces], _data(last)]


_STREAMS = {
    CHAT: _chat_stream, COMPLETIONS: _completions_stream, MESSAGES: _messages_stream, RESPONSES: _responses_stream,
    GOOGLE: _google_stream,
}  # fmt: skip


def call_on(
    wire: str, body: Any, *, mode: Any = "optimize", stream: bool = False, endpoint: str = ""
) -> Call:
    """A call of `wire` as the chain gets it. With no `endpoint` its view is only the model's name."""
    raw = body if isinstance(body, bytes) else encode(body)
    model = body.get("model", "gemini-2.5-flash") if isinstance(body, dict) else "m"
    caller = Caller("ten_a", "pk", frozenset({"calls:write"}), mode, "key_1")
    made = Call(
        run_id="run_1", wire=wire, endpoint=endpoint, caller=caller, headers={}, body=raw,  # pyright: ignore[reportArgumentType]
        view=View(model=model, stream=stream), received_us=1_000_000, t0=0.0,
    )  # fmt: skip
    made.app, made.project = "app_a", "default"
    return made


def answer(wire: str, text: str) -> Reply:
    """A whole answer as dispatch gives it."""
    return Reply(200, encode(reply(wire, text)))


def streamed_text(wire: str, events: Sequence[bytes]) -> str:
    """What a client puts together of the deltas of a stream, without the help of the gateway's own readers."""
    said: list[str] = []
    for event in events:
        data = b"".join(line[5:].strip() for line in event.splitlines() if line.startswith(b"data:"))
        if not data or data == b"[DONE]":
            continue
        tree = json.loads(data)
        said += [
            each.get("text") or each.get("delta", {}).get("content") or "" for each in tree.get("choices", [])
        ]
        for candidate in tree.get("candidates", []):
            said += [part.get("text", "") for part in candidate["content"]["parts"]]
        if tree.get("type") == "content_block_delta":
            said.append(tree["delta"].get("text", ""))
        if tree.get("type") == "response.output_text.delta":
            said.append(tree["delta"])
    return "".join(said)
