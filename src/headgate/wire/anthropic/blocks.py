"""Anthropic's content blocks, read into neutral parts and written from them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from headgate.kernel import json
from headgate.wire.codec import Fates
from headgate.wire.media import plain_text
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
from headgate.wire.node import Node

LIVES = ("5m", "1h")
_ODD_IN_IDS = re.compile(r"[^a-zA-Z0-9_-]")


def read_content(node: Node, key: str) -> list[Part]:
    """`content`: a string or an array of blocks."""
    value = node.raw(key)
    if value is None:
        return []
    if isinstance(value, str):
        return [Text(value)]
    return [_read(each) for each in node.nodes(key)]


def _read(node: Node) -> Part:
    kind = node.text("type")
    cache = read_cache(node)
    part: Part
    if kind == "text":
        part = Text(node.text("text"), cache, node.values("citations"), "anthropic")
    elif kind == "image":
        part = Image(_source(node.need("source")), cache=cache)
    elif kind == "document":
        return _document(node, cache)
    elif kind == "thinking":
        part = Thinking(node.text_or("thinking"), node.text_or("signature"), maker="anthropic")
    elif kind == "redacted_thinking":
        part = Thinking(redacted=node.text("data"), maker="anthropic")
    elif kind == "tool_use":
        arguments = json.encode(node.fields_of("input") or {}).decode()
        part = ToolCall(node.text("id"), node.text("name"), arguments, cache=cache)
        node.ignore("caller")  # who called is told by the provider, not asked
    elif kind == "tool_result":
        part = ToolResult(
            node.text("tool_use_id"), read_content(node, "content"), is_error=node.flag("is_error") or False, cache=cache
        )  # fmt: skip
    else:
        return Opaque("anthropic", kind, node.fields)
    node.close()
    return part


def read_cache(node: Node) -> CacheMark | None:
    """`cache_control` of a block, a tool or a whole request."""
    mark = node.node("cache_control")
    return None if mark is None else CacheMark(mark.text_or("ttl"))


def _source(node: Node) -> Blob:
    kind = node.text("type")
    if kind == "base64":
        return Blob(node.text("media_type"), data=node.text("data"))
    if kind == "url":
        return Blob(url=node.text("url"))
    if kind == "file":
        return Blob(file_id=node.text("file_id"), maker="anthropic")
    return (
        Blob("text/plain", text=node.text("data"))
        if kind == "text"
        else node.wrong("type", "base64, url, file or text")
    )


def _document(node: Node, cache: CacheMark | None) -> Part:
    source = node.need("source")
    if source.text("type") == "content":
        return Opaque("anthropic", "document of blocks", node.fields)
    cites = node.node("citations")
    wants = bool(cites and cites.flag("enabled"))
    blob = _source(source)
    if blob.url and not blob.media_type:
        blob.media_type = "application/pdf"
    part = Document(blob, node.text_or("title"), node.text_or("context"), wants, cache)
    node.close()
    return part


def write_blocks(parts: Sequence[Part], path: str, fates: Fates) -> list[Fields]:
    """Parts as blocks. Empty texts are left out: the provider refuses them."""
    return [block for part in parts if (block := _write(part, path, fates)) is not None]


def _write(part: Part, path: str, fates: Fates) -> Fields | None:
    match part:
        case Text():
            return _text(part, path, fates)
        case Refusal():
            return {"type": "text", "text": part.text} if part.text else None
        case Image():
            if part.detail not in ("", "auto"):
                fates.drop("image_url.detail")
            return {"type": "image", "source": _write_source(part.source, path, fates)} | cache_field(
                part.cache, fates
            )
        case Document():
            return _write_document(part, path, fates)
        case Thinking():
            return _write_thinking(part, fates)
        case ToolCall():
            call = {"type": "tool_use", "id": safe_id(part.id), "name": part.name}
            return call | {"input": _input_of(part, path, fates)} | cache_field(part.cache, fates)
        case ToolResult():
            return _write_result(part, path, fates)
        case Opaque() if part.maker == "anthropic":
            return part.data
        case Audio() | Video() | Opaque():
            kind = part.kind if isinstance(part, Opaque) else "sound or film"
            return fates.refuse(path, f"it does not take {kind}")


def _text(part: Text, path: str, fates: Fates) -> Fields | None:
    if not part.text:
        return None
    fields: Fields = {"type": "text", "text": part.text}
    if part.citations:
        if part.maker == "anthropic":
            fields["citations"] = part.citations
        else:
            fates.drop(f"{path}.annotations")
    return fields | cache_field(part.cache, fates)


def cache_field(cache: CacheMark | None, fates: Fates) -> Fields:
    """The mark for the prompt cache, if there is one; this provider keeps for five minutes or an hour."""
    if cache is None:
        return {}
    if cache.ttl in LIVES:
        return {"cache_control": {"type": "ephemeral", "ttl": cache.ttl}}
    if cache.ttl:
        ttl = "1h"
        fates.change("prompt_cache_breakpoint.ttl", f"{cache.ttl} is sent as {ttl}")
        return {"cache_control": {"type": "ephemeral", "ttl": ttl}}
    return {"cache_control": {"type": "ephemeral"}}


def _write_source(source: Blob, path: str, fates: Fates) -> Fields:
    if source.file_id:
        if source.maker not in ("anthropic", ""):
            fates.refuse(path, "a file id is known only to the service that gave it")
        return {"type": "file", "file_id": source.file_id}
    if source.url:
        return {"type": "url", "url": source.url}
    return {"type": "base64", "media_type": source.media_type, "data": source.data}


def _write_document(part: Document, path: str, fates: Fates) -> Fields:
    source = part.source
    text = plain_text(source)
    if text is not None:
        written: Fields = {"type": "text", "media_type": "text/plain", "data": text}
    elif source.data and source.media_type != "application/pdf":
        fates.refuse(path, f"it takes PDF and text, not {source.media_type}")
    else:
        written = _write_source(source, path, fates)
    fields: Fields = {"type": "document", "source": written}
    if part.title:
        fields["title"] = part.title
    if part.context:
        fields["context"] = part.context
    if part.citations:
        fields["citations"] = {"enabled": True}
    return fields | cache_field(part.cache, fates)


def _write_thinking(part: Thinking, fates: Fates) -> Fields | None:
    if part.maker == "anthropic" and part.redacted:
        return {"type": "redacted_thinking", "data": part.redacted}
    if part.maker == "anthropic" and part.signature:
        return {"type": "thinking", "thinking": part.text, "signature": part.signature}
    fates.drop("thinking without this provider's signature", "it would be refused")
    return None


def _input_of(call: ToolCall, path: str, fates: Fates) -> Fields | msgspec.Raw:
    """A call's arguments, which must be an object here."""
    text = call.arguments.strip()
    if not text:
        return {}
    try:
        parsed = json.decode(text)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        fates.refuse(path, f"the arguments of the call {call.id} are no JSON object")
    return msgspec.Raw(text.encode())


def _write_result(part: ToolResult, path: str, fates: Fates) -> Fields:
    fields: Fields = {"type": "tool_result", "tool_use_id": safe_id(part.call_id)}
    blocks = write_blocks(part.parts, path, fates)
    if len(blocks) == 1 and set(blocks[0]) == {"type", "text"}:
        fields["content"] = blocks[0]["text"]
    elif blocks:
        fields["content"] = blocks
    if part.is_error:
        fields["is_error"] = True
    return fields | cache_field(part.cache, fates)


def safe_id(call_id: str) -> str:
    """A call's id in the characters that this provider allows."""
    return _ODD_IN_IDS.sub("_", call_id)
