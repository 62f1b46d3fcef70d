"""A neutral request as a body of Converse. The model and whether the answer streams stand in the path."""

from __future__ import annotations

import re

from headgate.kernel import json
from headgate.wire.bedrock.blocks import cache_point, write_blocks
from headgate.wire.codec import Fates
from headgate.wire.efforts import budget_of
from headgate.wire.neutral import Fields, Opaque, OutputFormat, Request, Tool, ToolChoice

_NO_PLACE = ("seed", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "verbosity", "user")
_ANTHROPIC = re.compile(r"(?:^|[./])anthropic\.|claude")
_TIERS = frozenset({"priority", "default", "flex", "reserved"})
_USUAL: dict[str, str] = dict.fromkeys(("auto", "standard", "standard_only"), "default")
_MIN_BUDGET = 1024
_TAG_CHARS = 256


def write_request(request: Request, model: str, fates: Fates) -> bytes:
    """Losses go to `fates`; raises BadRequest through it."""
    if request.choices is not None and request.choices != 1:
        fates.refuse("n", "it gives one answer to a request")
    if "audio" in request.modalities:
        fates.refuse("modalities", "it does not speak")
    system, messages = _turns(request, fates)
    fields: Fields = {"messages": messages}
    if system:
        fields["system"] = system
    config: Fields = {
        "maxTokens": request.max_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "stopSequences": request.stop or None,
    }
    if config := {key: value for key, value in config.items() if value is not None}:
        fields["inferenceConfig"] = config
    _write_tools(request, fields, fates)
    _write_output(request.output, fields)
    _write_model_fields(request, model, fields, fates)
    if request.metadata:
        fields["requestMetadata"] = {key: value[:_TAG_CHARS] for key, value in request.metadata.items()}
    if request.service_tier:
        tier = _USUAL.get(request.service_tier, request.service_tier)
        fields["serviceTier"] = {"type": tier}
        if tier not in _TIERS:
            fates.change("service_tier", "not one that this format names; the provider may refuse it")
    _drop_rest(request, fates)
    return json.encode(fields)


def _turns(request: Request, fates: Fates) -> tuple[list[Fields], list[Fields]]:
    """System texts go to the front; turns of one role in a row are one turn, results of tools first."""
    system: list[Fields] = []
    turns: list[Fields] = []
    for index, message in enumerate(request.messages):
        path = f"messages[{index}].content"
        if message.name:
            fates.drop("messages[].name")
        blocks = write_blocks(message.parts, path, fates)
        if message.role in ("system", "developer"):
            if turns:
                fates.change("messages[].role", "a later system message was moved to the front")
            if any("text" not in block and "cachePoint" not in block for block in blocks):
                fates.refuse(path, "its system prompt takes text only")
            system += blocks
        elif turns and turns[-1]["role"] == message.role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": message.role, "content": blocks})
    if not turns:
        fates.refuse("messages", "it needs at least one message that is not the system's")
    if request.cache is not None:
        turns[-1]["content"].append(cache_point(request.cache, fates))
    return system, turns


def _write_tools(request: Request, fields: Fields, fates: Fates) -> None:
    choice = request.tool_choice
    if choice is not None and choice.mode == "none" and request.tools:
        if not any("toolUse" in block for turn in fields["messages"] for block in turn["content"]):
            return  # a request without tools says the same
        fates.drop("tool_choice", "it cannot forbid tools in a talk that has used them")
    chosen = [tool for tool in request.tools if _is_allowed(tool, choice)]
    tools = [each for tool in chosen for each in _tool(tool, fates)]
    if not tools:
        return
    config: Fields = {"tools": tools}
    fields["toolConfig"] = config
    if choice is not None and choice.mode in ("any", "tool"):
        told: Fields = {"any": {}} if choice.mode == "any" else {"tool": {"name": choice.name}}
        config["toolChoice"] = told
    elif choice is not None and choice.mode == "auto":
        config["toolChoice"] = {"auto": {}}
    if request.parallel_tools is False and not request.functions:
        fates.drop("parallel_tool_calls", "this provider decides itself how many calls it makes at once")


def _is_allowed(tool: Tool | Opaque, choice: ToolChoice | None) -> bool:
    return choice is None or not choice.allowed or isinstance(tool, Opaque) or tool.name in choice.allowed


def _tool(tool: Tool | Opaque, fates: Fates) -> list[Fields]:
    if isinstance(tool, Opaque):
        if tool.maker != "bedrock":
            fates.refuse("tools", f"a tool of type {tool.kind} runs only at its own provider")
        return [tool.data]
    if tool.custom:
        fates.refuse("tools", "it knows no custom tools with free text as input")
    spec: Fields = {
        "name": tool.name,
        "inputSchema": {"json": tool.schema or {"type": "object", "properties": {}}},
    }
    if tool.description:
        spec["description"] = tool.description
    if tool.strict is not None:
        spec["strict"] = tool.strict
    mark = [] if tool.cache is None else [cache_point(tool.cache, fates)]
    return [{"toolSpec": spec}, *mark]


def _write_output(output: OutputFormat | None, fields: Fields) -> None:
    """Any JSON is asked for in words: the format knows only schemas."""
    if output is None or output.kind == "text":
        return
    if output.kind == "json" or not output.schema:
        words = "Answer with one JSON object and nothing else."
        fields["system"] = [*fields.get("system", []), {"text": words}]
        return
    schema: Fields = {"schema": json.encode(output.schema).decode(), "name": output.name or "answer"}
    if output.description:
        schema["description"] = output.description
    fields["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}


def _write_model_fields(request: Request, model: str, fields: Fields, fates: Fates) -> None:
    """What only some models know goes to them in their own words."""
    told: Fields = {}
    if request.top_k is not None:
        if _ANTHROPIC.search(model):
            told["top_k"] = request.top_k
        else:
            fates.drop("top_k")
    wish = request.thinking
    if wish is not None:
        budget = budget_of(wish) if _ANTHROPIC.search(model) else None
        if budget:
            most = request.max_tokens - 1 if request.max_tokens else budget
            if min(budget, most) < _MIN_BUDGET:
                fates.drop("reasoning_effort", f"max_tokens leaves less than {_MIN_BUDGET} tokens to think")
            else:
                told["thinking"] = {"type": "enabled", "budget_tokens": min(budget, most)}
        elif budget == 0:
            told["thinking"] = {"type": "disabled"}
        else:
            fates.drop("reasoning_effort", "this model is not told how much to think in this format")
    if told:
        fields["additionalModelRequestFields"] = told


def _drop_rest(request: Request, fates: Fates) -> None:
    for name in _NO_PLACE:
        if getattr(request, name) not in (None, ""):
            fates.drop(name)
    if request.store:
        fates.drop("store")
    for key in request.extra:
        fates.drop(key)
