"""The content parts and calls of chat messages, read into the neutral form and written from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headgate.wire.codec import Fates
from headgate.wire.media import blob_of_url, data_url
from headgate.wire.neutral import (
    Audio,
    Blob,
    CacheMark,
    Document,
    Fields,
    Image,
    Opaque,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    Video,
)
from headgate.wire.node import Node, object_of, objects_of, text_of

LIVES = ("30m", "12h")
THINKING_TYPES = ("thinking", "redacted_thinking")


def content_parts(node: Node, key: str) -> list[Part]:
    """`content`: a string, an array of parts, or null."""
    value = node.raw(key)
    if value is None:
        return []
    if isinstance(value, str):
        return [Text(value)] if value else []
    return [_part(each) for each in node.nodes(key)]


def _part(node: Node) -> Part:
    kind = node.text("type")
    cache = _cache(node)
    part: Part
    if kind == "text":
        part = Text(node.text("text"), cache)
    elif kind == "refusal":
        part = Refusal(node.text("refusal"))
    elif kind == "image_url":
        image = node.need("image_url")
        part = Image(blob_of_url(image.text("url")), image.text_or("detail"), cache)
        image.close()
    elif kind == "input_audio":
        sound = node.need("input_audio")
        part = Audio(Blob(f"audio/{sound.text('format')}", data=sound.text("data")))
    elif kind == "video_url":
        part = Video(blob_of_url(node.need("video_url").text("url")))
    elif kind == "file":
        part = _file(node.need("file"), cache)
    else:
        return Opaque("openai", kind, node.fields)
    node.close()
    return part


def _file(node: Node, cache: CacheMark | None) -> Document:
    title = node.text_or("filename")
    if file_id := node.text_or("file_id"):
        return Document(Blob(file_id=file_id, maker="openai"), title, cache=cache)
    data = node.text("file_data")
    source = blob_of_url(data) if data.startswith("data:") else Blob("application/pdf", data=data)
    return Document(source, title, cache=cache)


def _cache(node: Node) -> CacheMark | None:
    """OpenAI's mark, or Anthropic's, which many send in this format too."""
    mark = node.node("prompt_cache_breakpoint") or node.node("cache_control")
    return None if mark is None else CacheMark(mark.text_or("ttl"))


def assistant_parts(node: Node, parts: list[Part], call_id: str, last_call: dict[str, str]) -> list[Part]:
    """The parts of an assistant's message: what it thought first, its calls last."""
    said: list[Part] = [*thinking_parts(node), *parts]
    if refusal := node.text_or("refusal"):
        said.append(Refusal(refusal))
    for call in node.nodes("tool_calls"):
        said.append(_call(call))
        call.close()
    if (older := node.node("function_call")) is not None:
        name = older.text("name")
        last_call[name] = call_id
        said.append(ToolCall(call_id, name, older.text_or("arguments")))
    return said


def _call(node: Node) -> ToolCall:
    if node.text_or("type", "function") == "custom":
        custom = node.need("custom")
        return ToolCall(node.text("id"), custom.text("name"), custom.text_or("input"), custom=True)
    function = node.need("function")
    node.ignore("index")
    google = object_of(object_of(node.raw("extra_content")).get("google"))
    return ToolCall(
        node.text("id"), function.text("name"), function.text_or("arguments"), signature=text_of(google.get("thought_signature"))
    )  # fmt: skip


def thinking_parts(node: Node) -> list[Thinking]:
    """The thoughts of an assistant's message that a client sends back."""
    node.ignore("thinking_blocks", "reasoning_content", "reasoning")
    return thinking_parts_of(node.fields)


def thinking_parts_of(message: Fields) -> list[Thinking]:
    """Thoughts in the words in use: `thinking_blocks` with signatures, else the bare text."""
    blocks = objects_of(message.get("thinking_blocks"))
    text = text_of(message.get("reasoning_content")) or text_of(message.get("reasoning"))
    if blocks:
        return [thinking_of(block) for block in blocks if block.get("type") in THINKING_TYPES]
    return [Thinking(text)] if text else []


def thinking_of(block: Fields) -> Thinking:
    """A block of `thinking_blocks`: Anthropic's form, with `maker` beside it when it is another's."""
    maker = block.get("maker")
    return Thinking(
        text_of(block.get("thinking")), text_of(block.get("signature")), text_of(block.get("data")), text_of(block.get("id")),
        maker if maker in ("openai", "google") else "anthropic",
    )  # fmt: skip


def thinking_block(part: Thinking) -> Fields:
    """The same to be sent to a client, who sends it back as it is."""
    block: Fields = (
        {"type": "redacted_thinking", "data": part.redacted}
        if part.redacted
        else {"type": "thinking", "thinking": part.text, "signature": part.signature}
    )
    if part.id:
        block["id"] = part.id
    return block if part.maker == "anthropic" else block | {"maker": part.maker}


def call_fields(call: ToolCall) -> Fields:
    """A call as a member of `tool_calls`."""
    if call.custom:
        return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": call.arguments}}
    fields: Fields = {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments or "{}"},
    }
    if call.signature:
        fields["extra_content"] = {"google": {"thought_signature": call.signature}}
    return fields


def write_content(parts: Sequence[Part], path: str, fates: Fates, *, joint: str | None = None) -> Any:
    """Parts as `content`: a plain string when there is only text without marks. Several texts become one with a `joint`: most who
    speak this format take several only from the user."""
    if all(isinstance(part, Text) and part.cache is None and not part.citations for part in parts):
        texts = [part.text for part in parts if isinstance(part, Text)]
        if len(texts) <= 1 or joint is not None:
            return (joint or "").join(texts)
    return [fields for part in parts if (fields := _content_fields(part, path, fates)) is not None]


def _content_fields(part: Part, path: str, fates: Fates) -> Fields | None:
    fields: Fields
    match part:
        case Text():
            if part.citations:
                fates.drop(f"{path}.citations")
            fields = {"type": "text", "text": part.text}
        case Refusal():
            return {"type": "refusal", "refusal": part.text}
        case Image():
            url = _url(part.source, path, fates)
            fields = {
                "type": "image_url",
                "image_url": {"url": url} | ({"detail": part.detail} if part.detail else {}),
            }
        case Audio():
            if not part.source.data:
                fates.refuse(path, "it takes sound only as bytes")
            fields = {
                "type": "input_audio",
                "input_audio": {
                    "data": part.source.data,
                    "format": part.source.media_type.removeprefix("audio/"),
                },
            }
        case Video():
            return {"type": "video_url", "video_url": {"url": _url(part.source, path, fates)}}
        case Document():
            return _document_fields(part, path, fates)
        case Opaque():
            return (
                part.data if part.maker == "openai" else fates.refuse(path, f"it does not take {part.kind}")
            )
        case _:
            return None  # thoughts, calls and results have their own places
    return _marked(fields, part.cache if isinstance(part, (Text, Image)) else None)


def _marked(fields: Fields, cache: CacheMark | None) -> Fields:
    """`fields` with the mark for the prompt cache; OpenAI knows other lives than Anthropic."""
    if cache is None:
        return fields
    return fields | {
        "prompt_cache_breakpoint": {"mode": "explicit"} | ({"ttl": cache.ttl} if cache.ttl in LIVES else {})
    }


def _document_fields(part: Document, path: str, fates: Fates) -> Fields:
    if part.context:
        fates.drop(f"{path}.context")
    if part.citations:
        fates.drop(f"{path}.citations")
    source = part.source
    if source.text:
        title = f"{part.title}\n\n" if part.title else ""
        return _marked({"type": "text", "text": title + source.text}, part.cache)
    if source.file_id:
        if source.maker not in ("openai", ""):
            fates.refuse(path, "a file id is known only to the service that gave it")
        return {"type": "file", "file": {"file_id": source.file_id}}
    if source.url:
        fates.refuse(path, "it takes a document's bytes, not its address")
    named = {"filename": part.title or "document.pdf"}
    return {"type": "file", "file": named | {"file_data": data_url(source)}}


def _url(source: Blob, path: str, fates: Fates) -> str:
    if source.file_id:
        fates.refuse(path, "a file id is known only to the service that gave it")
    return source.url or data_url(source)
