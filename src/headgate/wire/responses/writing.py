"""A neutral request as a responses body, for providers that speak this format and not the client's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from headgate.kernel import json
from headgate.wire.codec import Fates
from headgate.wire.efforts import effort_of
from headgate.wire.media import data_url
from headgate.wire.neutral import (
    Audio,
    CacheMark,
    Document,
    Fields,
    Image,
    Message,
    Opaque,
    OutputFormat,
    Part,
    Refusal,
    Request,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Video,
)
from headgate.wire.responses.reading import SHARED

_REASONS = re.compile(
    r"(?:.*/)?(?:o[1-9]|gpt-(?:[5-9]|\d\d))(?!.*chat)"
)  # models that think, and return it sealed
_NO_PLACE = ("stop", "seed", "presence_penalty", "frequency_penalty", "top_k")
_TIERS = {"standard_only": "default", "standard": "default"}


def write_request(request: Request, model: str, fates: Fates) -> bytes:
    """Losses go to `fates`; raises BadRequest through it."""
    if request.choices is not None and request.choices != 1:
        fates.refuse("n", "it gives one answer to a request")
    if "audio" in request.modalities:
        fates.refuse("modalities", "it does not speak")
    instructions, items = _input(request, fates)
    fields: Fields = {"model": model, "input": items}
    tools = [tool_fields(tool, fates) for tool in request.tools]
    told: Fields = {
        "instructions": instructions or None,
        "stream": True if request.stream else None,
        "max_output_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "tools": tools or None,
        "tool_choice": choice_fields(request.tool_choice, request.tools) if tools else None,
        "parallel_tool_calls": request.parallel_tools if tools else None,
        "text": text_fields(request.output, request.verbosity),
        "reasoning": _reasoning(request, fates),
        "safety_identifier": request.user or None,
        "metadata": request.metadata or None,
        "service_tier": _TIERS.get(request.service_tier, request.service_tier) or None,
        "top_logprobs": request.top_logprobs,
        "store": request.store or False,  # what the client did not ask to be kept elsewhere is not
        "include": _include(request, model),
    }
    fields |= {key: value for key, value in told.items() if value is not None}
    for name in _NO_PLACE:
        if getattr(request, name) not in (None, []):
            fates.drop(name)
    if request.cache is not None:
        fates.drop("cache_control", "prompts are cached without marks")
    for key, value in request.extra.items():
        if request.maker == "openai" and key in SHARED:
            fields.setdefault(key, value)
        else:
            fates.drop(key)
    return json.encode(fields)


def _include(request: Request, model: str) -> list[str] | None:
    wanted = ["message.output_text.logprobs"] if request.logprobs else []
    if not request.store and _REASONS.match(model):
        wanted.append("reasoning.encrypted_content")  # else nobody could send the thoughts back
    return wanted or None


def _reasoning(request: Request, fates: Fates) -> Fields | None:
    wish = request.thinking
    effort = effort_of(wish, fates)
    told: Fields = {} if effort is None else {"effort": effort}
    if wish is not None and wish.show in ("summary", "full"):
        told["summary"] = "auto"
    return told or None


def text_fields(output: OutputFormat | None, verbosity: str) -> Fields | None:
    """`text`: the format of the answer and how wordy it is."""
    told: Fields = {"verbosity": verbosity} if verbosity else {}
    if output is not None and output.kind == "schema":
        schema: Fields = {
            "type": "json_schema",
            "name": output.name or "answer",
            "schema": output.schema or {},
        }
        if output.description:
            schema["description"] = output.description
        told["format"] = schema | {"strict": True if output.strict is None else output.strict}
    elif output is not None:
        told["format"] = {"type": "json_object" if output.kind == "json" else "text"}
    return told or None


def tool_fields(tool: Tool | Opaque, fates: Fates) -> Fields:
    """One tool. Without `strict` this format would hold a function to its schema, others would not."""
    if isinstance(tool, Opaque):
        if tool.maker != "openai":
            fates.refuse("tools", f"a tool of type {tool.kind} runs only at its own provider")
        return tool.data
    if tool.cache is not None:
        fates.drop("tools[].cache_control", "prompts are cached without marks")
    fields: Fields = {"type": "custom" if tool.custom else "function", "name": tool.name}
    if tool.description:
        fields["description"] = tool.description
    if tool.custom:
        return fields | ({"format": _flat(tool.grammar)} if tool.grammar else {})
    return fields | {
        "parameters": tool.schema or {"type": "object", "properties": {}},
        "strict": bool(tool.strict),
    }


def _flat(grammar: Fields) -> Fields:
    """The format of a custom tool, which chat completions nests once more."""
    inner = grammar.get("grammar")
    return {"type": "grammar", **inner} if isinstance(inner, dict) else grammar


def choice_fields(choice: ToolChoice | None, tools: Sequence[Tool | Opaque]) -> Any:
    """`tool_choice`."""
    if choice is None:
        return None
    custom = {tool.name for tool in tools if isinstance(tool, Tool) and tool.custom}
    if choice.mode == "tool":
        return {"type": "custom" if choice.name in custom else "function", "name": choice.name}
    mode = {"none": "none", "any": "required", "auto": "auto"}[choice.mode]
    if choice.allowed and mode != "none":
        named = [
            {"type": "custom" if name in custom else "function", "name": name} for name in choice.allowed
        ]
        return {"type": "allowed_tools", "mode": mode, "tools": named}
    return mode


def _input(request: Request, fates: Fates) -> tuple[str, list[Fields]]:
    """The system's texts at the beginning are `instructions`; everything else is an item."""
    rest = list(request.messages)
    instructions: list[str] = []
    while rest and rest[0].role == "system" and all(isinstance(part, Text) for part in rest[0].parts):
        message = rest.pop(0)
        for part in message.parts:
            if isinstance(part, Text):
                _drop_mark(part.cache, fates)
                instructions.append(part.text)
    items: list[Fields] = []
    for index, message in enumerate(rest, len(request.messages) - len(rest)):
        if message.name:
            fates.drop("messages[].name")
        items += message_items(message, f"messages[{index}].content", fates)
    return "\n\n".join(instructions), items


def message_items(message: Message, path: str, fates: Fates) -> list[Fields]:
    """A turn as items. What stands between calls, results and thoughts is gathered in messages."""
    items: list[Fields] = []
    content: list[Fields] = []
    for part in message.parts:
        item = _item(part, path, fates)
        if item is None:
            if (fields := _content(part, message.role, path, fates)) is not None:
                content.append(fields)
            continue
        if content:
            items.append({"type": "message", "role": message.role, "content": content})
            content = []
        items += item
    if content:
        items.append({"type": "message", "role": message.role, "content": content})
    return items


def _item(part: Part, path: str, fates: Fates) -> list[Fields] | None:
    """A part that is an item of its own; None when it belongs into a message."""
    match part:
        case ToolCall():
            kind, key = ("custom_tool_call", "input") if part.custom else ("function_call", "arguments")
            return [
                {
                    "type": kind,
                    "call_id": part.id,
                    "name": part.name,
                    key: part.arguments or ("" if part.custom else "{}"),
                }
            ]
        case ToolResult():
            return [_result(part, path, fates)]
        case Thinking():
            if part.maker != "openai" or not part.signature:
                fates.drop("thinking blocks", "they mean something only to the provider that sealed them")
                return []
            summary = [{"type": "summary_text", "text": part.text}] if part.text else []
            item: Fields = {"type": "reasoning", "summary": summary, "encrypted_content": part.signature}
            return [item | ({"id": part.id} if part.id else {})]
        case Opaque() if part.maker == "openai":
            return [part.data] if "type" in part.data else None
        case _:
            return None


def _result(result: ToolResult, path: str, fates: Fates) -> Fields:
    kind = "custom_tool_call_output" if result.custom else "function_call_output"
    content = [each for part in result.parts if (each := _content(part, "user", path, fates)) is not None]
    if result.is_error:
        fates.change(f"{path}.is_error", "told in the text of the result")
        content.insert(0, {"type": "input_text", "text": "Error:"})
    output: Any = content
    if all(each["type"] == "input_text" for each in content) and len(content) <= 1:
        output = content[0]["text"] if content else ""
    return {"type": kind, "call_id": result.call_id, "output": output}


def _content(part: Part, role: str, path: str, fates: Fates) -> Fields | None:
    """A part of a message."""
    match part:
        case Text():
            _drop_mark(part.cache, fates)
            if role != "assistant":
                return {"type": "input_text", "text": part.text}
            return {
                "type": "output_text",
                "text": part.text,
                "annotations": part.citations if part.maker == "openai" else [],
            }
        case Refusal():
            return {"type": "refusal", "refusal": part.text}
        case Image():
            _drop_mark(part.cache, fates)
            return _image(part, path, fates)
        case Document():
            _drop_mark(part.cache, fates)
            return _document(part, path, fates)
        case Audio() | Video():
            return fates.refuse(path, "it does not take sound or film")
        case Opaque():
            fates.drop(f"{path} of type {part.kind}")
            return None
        case _:
            return None


def _drop_mark(cache: CacheMark | None, fates: Fates) -> None:
    if cache is not None:
        fates.drop("cache_control", "prompts are cached without marks")


def _image(part: Image, path: str, fates: Fates) -> Fields:
    source = part.source
    fields: Fields = {"type": "input_image", "detail": part.detail or "auto"}
    if source.file_id:
        if source.maker not in ("openai", ""):
            fates.refuse(path, "a file id is known only to the service that gave it")
        return fields | {"file_id": source.file_id}
    return fields | {"image_url": source.url or data_url(source)}


def _document(part: Document, path: str, fates: Fates) -> Fields:
    for name, value in (("context", part.context), ("citations", part.citations)):
        if value:
            fates.drop(f"{path}.{name}")
    source = part.source
    if source.text:
        title = f"{part.title}\n\n" if part.title else ""
        return {"type": "input_text", "text": title + source.text}
    if source.file_id:
        if source.maker not in ("openai", ""):
            fates.refuse(path, "a file id is known only to the service that gave it")
        return {"type": "input_file", "file_id": source.file_id}
    if source.url:
        return {"type": "input_file", "file_url": source.url}
    return {"type": "input_file", "filename": part.title or "document.pdf", "file_data": data_url(source)}
