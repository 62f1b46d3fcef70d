"""Google's content parts, read into neutral parts and written from them."""

from __future__ import annotations

import mimetypes
from typing import Any, cast

from headgate.kernel import json
from headgate.wire.codec import Fates
from headgate.wire.neutral import (
    Audio,
    Blob,
    Document,
    Fields,
    Image,
    Opaque,
    Part,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Video,
)
from headgate.wire.node import object_of, objects_of, text_of
from headgate.wire.seals import Seal, sealed_bytes, unsealed_bytes

_OWN_FILES = ("https://generativelanguage.googleapis.com/", "gs://")
_MADE_ID = "gcall_"  # older models name no ids: these are ours, and not told to Google
_OUTPUTS = ("output", "result", "content")


class Calls:
    """The ids of a talk's tool calls, for results that only name the function."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str, str]] = []
        self._count = 0

    def called(self, told: str, name: str) -> str:
        """The id of a call."""
        call_id = told or f"{_MADE_ID}{self._count}"
        self._count += 1
        self._waiting.append((name, call_id))
        return call_id

    def answered(self, told: str, name: str) -> str:
        """The id of the call that a result belongs to: the first of its name that waits."""
        for index, (known, call_id) in enumerate(self._waiting):
            if call_id == told or (not told and known == name):
                del self._waiting[index]
                return call_id
        return told or f"{_MADE_ID}{name}"


def own_id(call_id: str) -> Fields:
    """The id of a call for Google, unless it is one that Google never gave."""
    return {} if not call_id or call_id.startswith(_MADE_ID) else {"id": call_id}


def read_part(fields: Fields, calls: Calls) -> list[Part]:
    """What one part says. A signature on a text follows it as an empty thought."""
    signature = text_of(fields.get("thoughtSignature"))
    if isinstance(fields.get("text"), str):
        return _read_text(fields, signature)
    if call := object_of(fields.get("functionCall")):
        name = text_of(call.get("name"))
        arguments = json.encode(object_of(call.get("args"))).decode()
        call_id = calls.called(text_of(call.get("id")), name)
        seal = unsealed_bytes(signature)
        return [ToolCall(call_id, name, arguments, signature="" if seal else signature)]
    if result := object_of(fields.get("functionResponse")):
        return [_read_result(result, calls)]
    if inline := object_of(fields.get("inlineData")):
        return [
            _medium(
                Blob(text_of(inline.get("mimeType")), data=_standard(text_of(inline.get("data")))), inline
            )
        ]
    if file := object_of(fields.get("fileData")):
        return [_medium(_file(file), file)]
    kind = next((key for key in fields if key not in ("thought", "thoughtSignature", "partMetadata")), "part")
    return [Opaque("google", kind, fields)]


def _read_text(fields: Fields, signature: str) -> list[Part]:
    text = fields["text"]
    seal = unsealed_bytes(signature) or Seal("google", "signature", signature)
    if fields.get("thought") is True:
        thought = Thinking(text, id=seal.id, maker=seal.maker)
        if seal.kind == "redacted":
            thought.redacted = seal.value
        else:
            thought.signature = seal.value
        return [thought]
    parts: list[Part] = [Text(text)] if text else []
    return [*parts, Thinking("", signature, maker="google")] if signature else parts


def _read_result(result: Fields, calls: Calls) -> ToolResult:
    name = text_of(result.get("name"))
    response = object_of(result.get("response"))
    if response.keys() == {"name", "content"} and response["name"] == name:  # as the Vercel AI SDK wraps it
        response = {"content": response["content"]}
    error = response.get("error") if len(response) == 1 else None
    told: Any = response if error is None else error
    if len(response) == 1 and error is None:
        told = next((response[key] for key in _OUTPUTS if key in response), response)
    parts: list[Part] = [Text(told if isinstance(told, str) else json.encode(told).decode())]
    for each in objects_of(result.get("parts")):
        parts += read_part(each, calls)
    call_id = calls.answered(text_of(result.get("id")), name)
    return ToolResult(call_id, parts, name, error is not None)


def _standard(data: str) -> str:
    """Base64 in the usual alphabet: Google takes both, and its SDKs write the other."""
    return data.replace("-", "+").replace("_", "/") + "=" * (-len(data) % 4)


def _file(file: Fields) -> Blob:
    uri, media_type = text_of(file.get("fileUri")), text_of(file.get("mimeType"))
    if uri.startswith(_OWN_FILES):
        return Blob(media_type, file_id=uri, maker="google")
    return Blob(media_type, url=uri)


def _medium(source: Blob, fields: Fields) -> Part:
    kind = source.media_type.partition("/")[0]
    if kind == "image":
        return Image(source)
    if kind == "audio":
        return Audio(source)
    if kind == "video" or "youtu" in source.url:
        return Video(source)
    return Document(source, text_of(fields.get("displayName")))


def write_part(part: Part, names: dict[str, str], path: str, fates: Fates) -> list[Fields]:
    """A part of a request. `names` are those of the functions by the ids of their calls."""
    match part:
        case Image() | Audio() | Video() | Document():
            return _write_medium(part, path, fates)
        case Thinking():
            if part.maker != "google":
                fates.drop("thinking blocks", "they mean something only to the provider that signed them")
                return []
            return [thought_fields(part)]
        case ToolCall():
            if part.custom:
                fates.refuse(path, "it knows no custom tools with free text as input")
            return [call_fields(part)]
        case ToolResult():
            return [_result_fields(part, names, path, fates)]
        case Opaque() if part.maker == "google":
            return [part.data]
        case Opaque():
            fates.drop(f"{path} of type {part.kind}")
            return []
        case Text():
            if part.citations:
                fates.drop(f"{path}.citations")
            return [{"text": part.text}] if part.text else []
        case _:
            return [{"text": part.text}]


def call_fields(call: ToolCall) -> Fields:
    """A call as a part."""
    fields: Fields = {
        "functionCall": {**own_id(call.id), "name": call.name, "args": arguments_of(call.arguments)}
    }
    return fields | ({"thoughtSignature": call.signature} if call.signature else {})


def arguments_of(text: str) -> Fields:
    """Arguments as an object; a text that is none is told under a name."""
    try:
        parsed: Any = json.decode(text.encode()) if text.strip() else {}
    except (ValueError, RecursionError):
        parsed = {"arguments": text}
    return cast(Fields, parsed) if isinstance(parsed, dict) else {"arguments": parsed}


def thought_fields(thought: Thinking) -> Fields:
    """A thought as a part, another maker's with its seal."""
    seal = thought.redacted or thought.signature
    if thought.maker not in ("google", "") and seal:
        kind = "redacted" if thought.redacted else "signature"
        seal = sealed_bytes(Seal(thought.maker, kind, seal, thought.id))
    elif not thought.text and seal:
        return {"text": "", "thoughtSignature": seal}
    return {"text": thought.text, "thought": True} | ({"thoughtSignature": seal} if seal else {})


def _result_fields(result: ToolResult, names: dict[str, str], path: str, fates: Fates) -> Fields:
    texts = [part.text for part in result.parts if isinstance(part, Text)]
    media = [
        fields
        for part in result.parts
        if not isinstance(part, Text)
        for fields in write_part(part, names, path, fates)
    ]
    text = "\n".join(texts)
    response: Fields = {"error": text} if result.is_error else _response_of(text)
    name = result.name or names.get(result.call_id, "")
    if not name:
        fates.refuse(
            path,
            f"it needs the name of the function whose result this is, and no call has the id {result.call_id!r}",
        )
    fields: Fields = {**own_id(result.call_id), "name": name, "response": response}
    if media:
        fields["parts"] = [each for each in media if "inlineData" in each or "fileData" in each]
    return {"functionResponse": fields}


def _response_of(text: str) -> Fields:
    try:
        parsed: Any = json.decode(text.encode()) if text.startswith("{") else None
    except (ValueError, RecursionError):
        parsed = None
    return cast(Fields, parsed) if isinstance(parsed, dict) and parsed else {"output": text}


def _write_medium(part: Image | Audio | Video | Document, path: str, fates: Fates) -> list[Fields]:
    source = part.source
    if isinstance(part, Document):
        for name, value in (("context", part.context), ("citations", part.citations)):
            if value:
                fates.drop(f"{path}.{name}")
        if source.text:
            title = f"{part.title}\n\n" if part.title else ""
            return [{"text": title + source.text}]
    if isinstance(part, Image) and part.detail not in ("", "auto"):
        fates.drop("image_url.detail")
    if source.data:
        return [{"inlineData": {"mimeType": source.media_type or _usual_type(part), "data": source.data}}]
    if source.file_id and source.maker not in ("google", ""):
        fates.refuse(path, "a file id is known only to the service that gave it")
    uri = source.url or source.file_id
    guessed = source.media_type or mimetypes.guess_type(uri.partition("?")[0])[0] or _usual_type(part)
    return [{"fileData": {"mimeType": guessed, "fileUri": uri}}]


def _usual_type(part: Image | Audio | Video | Document) -> str:
    match part:
        case Image():
            return "image/jpeg"
        case Audio():
            return "audio/wav"
        case Video():
            return "video/mp4"
        case Document():
            return "application/pdf"
