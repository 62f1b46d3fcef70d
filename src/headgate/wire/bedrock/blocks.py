"""Converse's content blocks, read into neutral parts and written from them."""

from __future__ import annotations

import re
from typing import Any, cast

from headgate.kernel import json
from headgate.wire.codec import Fates
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
    ToolResult,
    Video,
)
from headgate.wire.node import object_of, objects_of, text_of

# media types by Converse's formats
_DOCUMENTS = {
    "pdf": "application/pdf", "csv": "text/csv", "doc": "application/msword", "html": "text/html", "txt": "text/plain",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "md": "text/markdown",
}  # fmt: skip
_FORMATS = {media_type: name for name, media_type in _DOCUMENTS.items()}
_ODD_IN_NAMES = re.compile(r"[^a-zA-Z0-9\s()\[\]-]|(?<=\s)\s")
_ODD_IN_IDS = re.compile(r"[^a-zA-Z0-9_.:-]")
_MOST_ID_CHARS = 64


def read_block(block: Fields) -> Part:
    """A block of an answer."""
    if "text" in block:
        return Text(text_of(block["text"]))
    if use := object_of(block.get("toolUse")):
        if use.get("type") == "server_tool_use":
            return Opaque("bedrock", "toolUse", block)
        arguments = json.encode(use.get("input") or {}).decode()
        return ToolCall(text_of(use.get("toolUseId")), text_of(use.get("name")), arguments)
    if thought := object_of(block.get("reasoningContent")):
        told = object_of(thought.get("reasoningText"))
        redacted = text_of(thought.get("redactedContent"))
        return Thinking(text_of(told.get("text")), text_of(told.get("signature")), redacted, maker="bedrock")
    if cited := object_of(block.get("citationsContent")):
        text = "".join(text_of(each.get("text")) for each in objects_of(cited.get("content")))
        return Text(
            text,
            citations=[citation_of(each) for each in objects_of(cited.get("citations"))],
            maker="bedrock",
        )
    if image := object_of(block.get("image")):
        source = Blob(
            f"image/{text_of(image.get('format'))}", data=text_of(object_of(image.get("source")).get("bytes"))
        )
        return Image(source)
    return Opaque("bedrock", next(iter(block), "block"), block)


def citation_of(citation: Fields) -> Fields:
    """A citation with the web page it names, if it names one, where other wires look for it."""
    url = text_of(object_of(object_of(citation.get("location")).get("web")).get("url"))
    return citation | {"url": url} if url else citation


def write_blocks(parts: list[Part], path: str, fates: Fates) -> list[Fields]:
    """Parts as blocks; empty texts are left out, as the provider refuses them."""
    blocks: list[Fields] = []
    for part in parts:
        blocks += _write(part, path, fates)
        if isinstance(part, (Text, Image, Document, ToolCall, ToolResult)) and part.cache is not None:
            blocks.append(cache_point(part.cache, fates))
    return blocks


def cache_point(cache: CacheMark, fates: Fates) -> Fields:
    """The block after which the provider's prompt cache ends."""
    if cache.ttl in ("", "5m", "1h"):
        return {"cachePoint": {"type": "default"} | ({"ttl": cache.ttl} if cache.ttl else {})}
    fates.change("prompt_cache_breakpoint.ttl", f"{cache.ttl} is sent as 1h")
    return {"cachePoint": {"type": "default", "ttl": "1h"}}


def _write(part: Part, path: str, fates: Fates) -> list[Fields]:
    match part:
        case Text() | Refusal():
            if isinstance(part, Text) and part.citations:
                fates.drop(f"{path}.citations")
            return [{"text": part.text}] if part.text else []
        case Thinking():
            return _thinking(part, fates)
        case ToolCall():
            if part.custom:
                fates.refuse(path, "it knows no custom tools with free text as input")
            return [
                {
                    "toolUse": {
                        "toolUseId": safe_id(part.id),
                        "name": part.name,
                        "input": _input_of(part, path, fates),
                    }
                }
            ]
        case ToolResult():
            return [_result(part, path, fates)]
        case Image() | Video() | Audio():
            return [_medium(part, path, fates)]
        case Document():
            return [_document(part, path, fates)]
        case Opaque() if part.maker == "bedrock":
            return [part.data]
        case Opaque():
            fates.drop(f"{path} of type {part.kind}")
            return []


def _thinking(part: Thinking, fates: Fates) -> list[Fields]:
    """Thoughts of Anthropic's models, which are signed alike wherever they run, and of Bedrock's own."""
    if part.maker not in ("bedrock", "anthropic") or not (part.signature or part.redacted):
        fates.drop("thinking blocks", "they mean something only to the provider that signed them")
        return []
    if part.redacted:
        return [{"reasoningContent": {"redactedContent": part.redacted}}]
    return [{"reasoningContent": {"reasoningText": {"text": part.text, "signature": part.signature}}}]


def safe_id(call_id: str) -> str:
    """An id of a call as the provider takes it."""
    return _ODD_IN_IDS.sub("_", call_id)[:_MOST_ID_CHARS] or "call"


def _input_of(call: ToolCall, path: str, fates: Fates) -> Any:
    try:
        parsed: Any = json.decode(call.arguments.encode()) if call.arguments.strip() else {}
    except (ValueError, RecursionError):
        parsed = None
    if isinstance(parsed, dict):
        return cast(Fields, parsed)
    fates.change(f"{path}.arguments", "no JSON object, and sent as the value of one")
    return {"arguments": call.arguments}


def _result(result: ToolResult, path: str, fates: Fates) -> Fields:
    content = [block for part in result.parts for block in _write(part, path, fates)]
    fields: Fields = {"toolUseId": safe_id(result.call_id), "content": content or [{"text": " "}]}
    return {"toolResult": fields | ({"status": "error"} if result.is_error else {})}


def _medium(part: Image | Video | Audio, path: str, fates: Fates) -> Fields:
    if isinstance(part, Image) and part.detail not in ("", "auto"):
        fates.drop("image_url.detail")
    word, usual = (
        ("image", "png")
        if isinstance(part, Image)
        else ("video", "mp4")
        if isinstance(part, Video)
        else ("audio", "wav")
    )
    kind = part.source.media_type.removeprefix(f"{word}/").replace("jpg", "jpeg") or usual
    return {word: {"format": kind, "source": _bytes(part.source, path, fates)}}


def _bytes(source: Blob, path: str, fates: Fates) -> Fields:
    if source.data:
        return {"bytes": source.data}
    if source.url.startswith("s3://"):
        return {"s3Location": {"uri": source.url}}
    return fates.refuse(path, "it takes bytes or an address in S3, no other address and no file id")


def _document(part: Document, path: str, fates: Fates) -> Fields:
    source = part.source
    name = _ODD_IN_NAMES.sub("", part.title.rpartition(".")[0] or part.title)[:200].strip() or "document"
    kind = "txt" if source.text else _FORMATS.get(source.media_type) or part.title.rpartition(".")[2].lower()
    if kind not in _DOCUMENTS:
        kind = "pdf"
    told: Fields = {"text": source.text} if source.text else _bytes(source, path, fates)
    fields: Fields = {"format": kind, "name": name, "source": told}
    if part.context:
        fields["context"] = part.context
    if part.citations:
        fields["citations"] = {"enabled": True}
    return {"document": fields}
