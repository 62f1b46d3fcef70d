"""Anthropic messages between their two forms: a whole body as a stream of events, and the events as a whole body."""

from __future__ import annotations

from typing import Any

import msgspec

from headgate.call.call import Call
from headgate.kernel import json
from headgate.kernel.errors import GatewayError, anthropic_envelope
from headgate.wire.anthropic.streams import event_bytes
from headgate.wire.anthropic.usage import merged
from headgate.wire.events import EventSplitter, data_of
from headgate.wire.neutral import Fields
from headgate.wire.node import object_of, objects_of, text_of
from headgate.wire.pieces import PIECE_CHARS, pieces_of

_AT_THE_END = ("stop_reason", "stop_sequence", "usage", "container", "stop_details", "context_management")
_STOPPED = ("stop_reason", "stop_sequence", "container", "stop_details")
_INPUTS = ("tool_use", "server_tool_use", "mcp_tool_use")
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_raw_blocks = msgspec.json.Decoder(list[dict[str, msgspec.Raw]]).decode


def to_stream(body: bytes, call: Call) -> list[bytes]:  # noqa: ARG001 - every form is made for its call
    """A whole body as the events of a stream."""
    answer = object_of(json.decode(body))
    usage = object_of(answer.get("usage"))
    head: Fields = answer | dict.fromkeys(("stop_reason", "stop_sequence"))
    for key in ("container", "stop_details", "context_management"):
        head.pop(key, None)
    head |= {"content": [], "usage": usage | {"output_tokens": 0}}
    out = [event_bytes("message_start", {"message": head})]
    inputs = [bytes(raw.get("input", b"")) for raw in _raw_blocks(_members(body).get("content", b"[]"))]
    for index, block in enumerate(objects_of(answer.get("content"))):
        out.append(event_bytes("content_block_start", {"index": index, "content_block": _empty(block)}))
        out.extend(
            event_bytes("content_block_delta", {"index": index, "delta": delta})
            for delta in _deltas(block, inputs[index])
        )
        out.append(event_bytes("content_block_stop", {"index": index}))
    last: Fields = {"delta": {key: answer[key] for key in _STOPPED if key in answer}, "usage": usage}
    if "context_management" in answer:
        last["context_management"] = answer["context_management"]
    return [*out, event_bytes("message_delta", last), event_bytes("message_stop", {})]


def _empty(block: Fields) -> Fields:
    """A block as it stands at its beginning, before any delta."""
    kind = block.get("type")
    if kind == "text":
        return block | {"text": ""} | ({"citations": []} if block.get("citations") else {})
    if kind == "thinking":
        return block | {"thinking": "", "signature": ""}
    return block | {"input": {}} if kind in _INPUTS else block


def _deltas(block: Fields, raw_input: bytes) -> list[Fields]:
    kind = block.get("type")
    if kind == "text":
        texts: list[Fields] = [
            {"type": "text_delta", "text": piece}
            for piece in pieces_of(text_of(block.get("text")), PIECE_CHARS)
        ]
        cited: list[Fields] = [
            {"type": "citations_delta", "citation": each} for each in objects_of(block.get("citations"))
        ]
        return texts + cited
    if kind == "thinking":
        thought = pieces_of(text_of(block.get("thinking")), PIECE_CHARS)
        signed: Fields = {"type": "signature_delta", "signature": text_of(block.get("signature"))}
        return [*[{"type": "thinking_delta", "thinking": piece} for piece in thought], signed]
    if kind in _INPUTS and raw_input:
        return [{"type": "input_json_delta", "partial_json": raw_input.decode()}]
    return []


def from_stream(stream: bytes, usage_raw: bytes = b"") -> bytes | None:  # noqa: ARG001 - usage is never hidden here
    """The whole body that `stream` stands for, or None when it is incomplete or failed, or holds what cannot be put together."""
    splitter = EventSplitter()
    message = _Message()
    for event in (*splitter.feed(stream), *splitter.finish()):
        if not message.take(data_of(event)):
            return None
    return message.whole()


class _Message:
    """Puts the events of one message together."""

    def __init__(self) -> None:
        self._head: Fields | None = None
        self._blocks: dict[int, Fields] = {}
        self._inputs: dict[int, list[str]] = {}
        self._open: set[int] = set()
        self._done = False

    def take(self, event: Fields) -> bool:
        """Add one event; False when it cannot be."""
        kind = event.get("type")
        if kind == "message_start":
            self._head = object_of(event.get("message"))
        elif kind == "content_block_start":
            self._blocks[event["index"]] = object_of(event.get("content_block"))
            self._open.add(event["index"])
        elif kind == "content_block_delta":
            return self._delta(event.get("index"), object_of(event.get("delta")))
        elif kind == "content_block_stop":
            return self._stop(event.get("index"))
        elif kind == "message_delta":
            return self._end(event)
        elif kind == "message_stop":
            self._done = True
        return kind != "error"

    def _delta(self, index: Any, delta: Fields) -> bool:
        block = self._blocks.get(index)
        if block is None:
            return False
        kind = delta.get("type")
        if kind == "text_delta":
            block["text"] = text_of(block.get("text")) + text_of(delta.get("text"))
        elif kind == "thinking_delta":
            block["thinking"] = text_of(block.get("thinking")) + text_of(delta.get("thinking"))
        elif kind == "signature_delta":
            block["signature"] = text_of(block.get("signature")) + text_of(delta.get("signature"))
        elif kind == "citations_delta":
            block["citations"] = [*objects_of(block.get("citations")), object_of(delta.get("citation"))]
        elif kind == "input_json_delta":
            self._inputs.setdefault(index, []).append(text_of(delta.get("partial_json")))
        else:
            return False  # a kind that is not known, so what it adds up to is not either
        return True

    def _stop(self, index: Any) -> bool:
        if index not in self._open:
            return False
        self._open.discard(index)
        if told := "".join(self._inputs.pop(index, [])):
            try:
                self._blocks[index]["input"] = json.decode(told)
            except (ValueError, RecursionError):
                return False
        return True

    def _end(self, event: Fields) -> bool:
        if self._head is None:
            return False
        usage = merged(object_of(self._head.get("usage")), object_of(event.get("usage")))
        more = {key: value for key, value in event.items() if key not in ("type", "delta", "usage")}
        self._head = self._head | object_of(event.get("delta")) | more | {"usage": usage}
        return True

    def whole(self) -> bytes | None:
        if self._head is None or self._open or not self._done or not self._head.get("stop_reason"):
            return None
        return json.encode(self._head | {"content": [self._blocks[index] for index in sorted(self._blocks)]})


def stream_error(error: GatewayError) -> bytes:
    """The event that ends a stream which broke."""
    return event_bytes("error", {"error": anthropic_envelope(error)["error"]})
