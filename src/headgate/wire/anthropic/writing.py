"""A neutral request as an Anthropic messages body."""

from __future__ import annotations

from headgate.kernel import json
from headgate.wire.anthropic.blocks import cache_field, write_blocks
from headgate.wire.anthropic.models import (
    output_limit,
    takes_output_format,
    takes_sampling,
    takes_system_turns,
)
from headgate.wire.anthropic.thinking import write_thinking
from headgate.wire.codec import Fates, own_parts
from headgate.wire.neutral import Fields, Message, Opaque, OutputFormat, Request, Tool

_NO_PLACE = ("seed", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "verbosity")
_TIERS = {
    "auto": "auto",
    "default": "standard_only",
    "standard_only": "standard_only",
    "standard": "standard_only",
}


def write_request(request: Request, model: str, fates: Fates) -> bytes:
    """Losses go to `fates`; raises BadRequest through it."""
    if request.choices is not None and request.choices != 1:
        fates.refuse("n", "it gives one answer to a request")
    if "audio" in request.modalities:
        fates.refuse("modalities", "it does not speak")
    system, messages = _split_system(request, model, fates)
    fields: Fields = {"model": model, "max_tokens": _max_tokens(request, model, fates)}
    system += _asked_for_json(request.output, model, fates)
    if system:
        fields["system"] = system if len(system) > 1 or len(system[0]) > 2 else system[0]["text"]
    fields["messages"] = messages
    if request.stream:
        fields["stream"] = True
    if request.stop:
        fields["stop_sequences"] = request.stop
    _write_tools(request, model, fields, fates)
    write_thinking(request, model, fields, fates)
    _write_sampling(request, model, fields, fates)
    _write_output(request.output, model, fields)
    if request.user:
        fields["metadata"] = {"user_id": request.user}
    if request.cache is not None:
        fields |= cache_field(request.cache, fates)
    _write_rest(request, fields, fates)
    return json.encode(fields)


def _max_tokens(request: Request, model: str, fates: Fates) -> int:
    if request.max_tokens is not None:
        return request.max_tokens
    limit = output_limit(model)
    fates.change("max_tokens", f"not given, and sent as {limit}, since this provider's format requires it")
    return limit


def _split_system(request: Request, model: str, fates: Fates) -> tuple[list[Fields], list[Fields]]:
    """System texts at the beginning are `system`; later ones stay in place, or join them where models know no other way."""
    system: list[Fields] = []
    turns: list[Fields] = []
    for index, message in enumerate(request.messages):
        path = f"messages[{index}].content"
        if message.name:
            fates.drop("messages[].name")
        if message.role in ("system", "developer"):
            if turns and takes_system_turns(model):
                _add_turn(turns, "system", write_blocks(message.parts, path, fates))
                continue
            if turns:
                fates.change("messages[].role", "a later system message was moved to the front")
            system += _texts_of(message, path, fates)
        else:
            parts = (
                own_parts(message.parts, "anthropic", fates) if message.role == "assistant" else message.parts
            )
            _add_turn(turns, message.role, write_blocks(parts, path, fates))
    if not turns:
        fates.refuse("messages", "it needs at least one message that is not the system's")
    for turn in turns:
        blocks = turn["content"]
        if len(blocks) == 1 and set(blocks[0]) == {"type", "text"}:
            turn["content"] = blocks[0]["text"]
    return system, turns


def _texts_of(message: Message, path: str, fates: Fates) -> list[Fields]:
    blocks = write_blocks(message.parts, path, fates)
    if any(block["type"] != "text" for block in blocks):
        fates.refuse(path, "its system prompt takes text only")
    return blocks


def _add_turn(turns: list[Fields], role: str, blocks: list[Fields]) -> None:
    """Turns of one role in a row are one turn, results of tools first."""
    if not blocks:
        return
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"] += blocks
    else:
        turns.append({"role": role, "content": blocks})
    if role == "user":
        turns[-1]["content"].sort(key=_is_no_result)


def _is_no_result(block: Fields) -> bool:
    return block["type"] != "tool_result"


def _write_tools(request: Request, model: str, fields: Fields, fates: Fates) -> None:
    tools = [_tool(tool, model, fates) for tool in request.tools]
    if not tools:
        return
    choice = request.tool_choice
    if choice is not None and choice.allowed:
        fates.change("tool_choice", "the tools that are not allowed were left out")
        tools = [tool for tool in tools if tool["name"] in choice.allowed]
    fields["tools"] = tools
    told: Fields | None = None
    if choice is not None:
        told = {"type": choice.mode} | ({"name": choice.name} if choice.mode == "tool" else {})
    if request.parallel_tools is False and (told is None or told["type"] != "none"):
        told = (told or {"type": "auto"}) | {"disable_parallel_tool_use": True}
    if told is not None:
        fields["tool_choice"] = told


def _tool(tool: Tool | Opaque, model: str, fates: Fates) -> Fields:
    if isinstance(tool, Opaque):
        if tool.maker != "anthropic":
            fates.refuse("tools", f"a tool of type {tool.kind} runs only at its own provider")
        return tool.data
    fields: Fields = {"name": tool.name}
    if tool.description:
        fields["description"] = tool.description
    fields["input_schema"] = tool.schema or {"type": "object", "properties": {}}
    if tool.strict is not None and takes_output_format(model):
        fields["strict"] = tool.strict
    elif tool.strict:
        fates.drop("tools[].strict", "this model does not hold itself to schemas")
    return fields | cache_field(tool.cache, fates)


def _write_sampling(request: Request, model: str, fields: Fields, fates: Fates) -> None:
    thinks = "thinking" in fields and fields["thinking"]["type"] != "disabled"
    for name in ("temperature", "top_p", "top_k"):
        value = getattr(request, name)
        if value is None:
            continue
        if not takes_sampling(model):
            fates.drop(name, "this model refuses it")
        elif thinks and name != "top_p":
            fates.drop(name, "it cannot be set while the model thinks")
        elif name == "temperature" and value > 1:
            fates.change(name, "lowered to 1, the most this provider takes")
            fields[name] = 1
        else:
            fields[name] = value


def _write_output(output: OutputFormat | None, model: str, fields: Fields) -> None:
    if output is not None and output.kind == "schema" and takes_output_format(model):
        config = fields.setdefault("output_config", {})
        config["format"] = {"type": "json_schema", "schema": output.schema or {"type": "object"}}


def _asked_for_json(output: OutputFormat | None, model: str, fates: Fates) -> list[Fields]:
    """What no field can ask of this model is asked for in words, and the caller is told so."""
    if output is None or output.kind == "text" or (output.kind == "schema" and takes_output_format(model)):
        return []
    fates.change("response_format", "asked for in the system prompt, which does not guarantee it")
    words = "Answer with one JSON object and nothing else."
    if output.schema:
        words += f" It must fit this JSON schema: {json.encode(output.schema).decode()}"
    return [{"type": "text", "text": words}]


def _write_rest(request: Request, fields: Fields, fates: Fates) -> None:
    for name in _NO_PLACE:
        if getattr(request, name) not in (None, ""):
            fates.drop(name)
    if request.store:
        fates.drop("store")
    if request.metadata:
        fates.drop("metadata", "only the end user's id has a place there")
    if request.service_tier:
        if request.service_tier in _TIERS:
            fields["service_tier"] = _TIERS[request.service_tier]
        else:
            fates.drop("service_tier")
    for key, value in request.extra.items():
        if request.maker == "anthropic":
            fields.setdefault(key, value)
        else:
            fates.drop(key)
