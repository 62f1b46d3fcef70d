"""A neutral request as a body of `generateContent`."""

from __future__ import annotations

import re

from headgate.kernel import json
from headgate.wire.codec import Fates
from headgate.wire.efforts import budget_of, effort_of
from headgate.wire.google.parts import write_part
from headgate.wire.neutral import (
    Document,
    Fields,
    Image,
    Message,
    Opaque,
    OutputFormat,
    Request,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)

_THIRD = re.compile(
    r"(?:.*/)?gemini-(?:[3-9]|\d\d)"
)  # thinks in levels, and wants the signatures of its calls back
_UNSIGNED = "skip_thought_signature_validator"  # Google's own word for a call that another model made
_NO_PLACE = ("verbosity", "user")
_TIERS = frozenset({"flex", "priority"})
_LEVELS = {
    "none": "MINIMAL",
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "xhigh": "HIGH",
    "max": "HIGH",
}


def write_request(request: Request, model: str, fates: Fates) -> bytes:
    """Losses go to `fates`; raises BadRequest through it."""
    if "audio" in request.modalities and request.maker != "google":
        fates.refuse("modalities", "it does not speak in answers to this format")
    system, contents = _contents(request, model, fates)
    fields: Fields = {"contents": contents}
    if system:
        fields["systemInstruction"] = {"parts": system}
    if config := _config(request, model, fates):
        fields["generationConfig"] = config
    _write_tools(request, fields, fates)
    if request.service_tier in _TIERS:
        fields["serviceTier"] = request.service_tier
    elif request.service_tier:
        fates.drop("service_tier", "this provider's usual way of serving goes without saying")
    _drop_rest(request, fates)
    return json.encode(fields)


def _contents(request: Request, model: str, fates: Fates) -> tuple[list[Fields], list[Fields]]:
    """System texts go to the front; turns of one role in a row are one content."""
    names = {
        part.id: part.name
        for message in request.messages
        for part in message.parts
        if isinstance(part, ToolCall)
    }
    system: list[Fields] = []
    contents: list[Fields] = []
    for index, message in enumerate(request.messages):
        path = f"messages[{index}].content"
        if message.name:
            fates.drop("messages[].name")
        _drop_marks(message, fates)
        parts = [fields for part in message.parts for fields in write_part(part, names, path, fates)]
        if message.role in ("system", "developer"):
            if contents:
                fates.change("messages[].role", "a later system message was moved to the front")
            system += parts
            continue
        role = "model" if message.role == "assistant" else "user"
        if contents and contents[-1]["role"] == role:
            contents[-1]["parts"] += parts
        elif parts:
            contents.append({"role": role, "parts": parts})
    if not contents:
        fates.refuse("messages", "it needs at least one message that is not the system's")
    if _THIRD.match(model):
        for content in contents:
            _sign(content)
    return system, contents


def _sign(content: Fields) -> None:
    """The first call of a turn needs a signature; one that another model made has none."""
    first = next((part for part in content["parts"] if "functionCall" in part), None)
    if first is not None:
        first.setdefault("thoughtSignature", _UNSIGNED)


def _drop_marks(message: Message, fates: Fates) -> None:
    for part in message.parts:
        if isinstance(part, (Text, Image, Document, ToolCall, ToolResult)) and part.cache is not None:
            fates.drop("cache_control", "prompts are cached without marks")


def _config(request: Request, model: str, fates: Fates) -> Fields:
    told: Fields = {
        "temperature": request.temperature,
        "topP": request.top_p,
        "topK": request.top_k,
        "maxOutputTokens": request.max_tokens,
        "candidateCount": request.choices,
        "stopSequences": request.stop or None,
        "seed": request.seed,
        "presencePenalty": request.presence_penalty,
        "frequencyPenalty": request.frequency_penalty,
        "responseLogprobs": request.logprobs,
        "logprobs": request.top_logprobs,
        "responseModalities": [each.upper() for each in request.modalities] or None,
        "thinkingConfig": _thinking(request, model, fates),
    }
    return {key: value for key, value in told.items() if value is not None} | _output(request.output)


def _output(output: OutputFormat | None) -> Fields:
    if output is None or output.kind == "text":
        return {}
    told: Fields = {"responseMimeType": "application/json"}
    return told | ({"responseJsonSchema": output.schema} if output.schema else {})


def _thinking(request: Request, model: str, fates: Fates) -> Fields | None:
    wish = request.thinking
    if wish is None:
        return None
    told: Fields = {"includeThoughts": True} if wish.show in ("summary", "full") else {}
    if _THIRD.match(model):
        effort = effort_of(wish, fates)
        if effort is not None:
            told["thinkingLevel"] = _LEVELS[effort]
            if effort in ("none", "xhigh", "max"):
                fates.change("reasoning_effort", f"{effort} is sent as {_LEVELS[effort].lower()}")
    elif (budget := budget_of(wish)) is not None:
        told["thinkingBudget"] = budget
    elif wish.mode == "adaptive":
        told["thinkingBudget"] = -1
    return told or None


def _write_tools(request: Request, fields: Fields, fates: Fates) -> None:
    functions: list[Fields] = []
    others: list[Fields] = []
    for tool in request.tools:
        if isinstance(tool, Opaque):
            if tool.maker != "google":
                fates.refuse("tools", f"a tool of type {tool.kind} runs only at its own provider")
            others.append(tool.data)
        else:
            functions.append(_function(tool, fates))
    if functions:
        others.insert(0, {"functionDeclarations": functions})
    if others:
        fields["tools"] = others
    if functions and request.tool_choice is not None:
        fields["toolConfig"] = {"functionCallingConfig": _choice(request.tool_choice)}
    if request.parallel_tools is False and functions and not request.functions:
        fates.drop("parallel_tool_calls", "this provider decides itself how many calls it makes at once")


def _function(tool: Tool, fates: Fates) -> Fields:
    if tool.custom:
        fates.refuse("tools", "it knows no custom tools with free text as input")
    if tool.strict:
        fates.drop("tools[].strict", "this provider does not promise to hold itself to schemas")
    if tool.cache is not None:
        fates.drop("cache_control", "prompts are cached without marks")
    fields: Fields = (
        {"name": tool.name, "description": tool.description} if tool.description else {"name": tool.name}
    )
    return fields | ({"parametersJsonSchema": tool.schema} if tool.schema else {})


def _choice(choice: ToolChoice) -> Fields:
    if choice.mode == "tool":
        return {"mode": "ANY", "allowedFunctionNames": [choice.name]}
    if choice.mode == "none":
        return {"mode": "NONE"}
    if not choice.allowed:
        return {"mode": choice.mode.upper()}
    return {"mode": "ANY" if choice.mode == "any" else "VALIDATED", "allowedFunctionNames": choice.allowed}


def _drop_rest(request: Request, fates: Fates) -> None:
    for name in _NO_PLACE:
        if getattr(request, name):
            fates.drop(name)
    if request.store:
        fates.drop("store")
    if request.metadata:
        fates.drop("metadata")
    if request.cache is not None:
        fates.drop("cache_control", "prompts are cached without marks")
    for key in request.extra:
        fates.drop(key)
