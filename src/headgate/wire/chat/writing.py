"""A neutral request as a chat completions body, for OpenAI and the many who speak its format."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from headgate.kernel import json
from headgate.wire.chat.parts import call_fields, thinking_block, write_content
from headgate.wire.codec import Fates, own_parts
from headgate.wire.neutral import (
    Audio,
    Fields,
    Message,
    Opaque,
    Part,
    Refusal,
    Request,
    Text,
    Thinking,
    ThinkingWish,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Video,
)

# OpenAI's reasoning models refuse `max_tokens`; most others who speak the format know only that.
_NEW_LIMIT = re.compile(r"(?:.*/)?(?:o[1-9]|gpt-(?:[5-9]|\d\d))")
_MARKS = re.compile(
    r"(?:.*/)?gpt-(?:5\.(?:[6-9]|\d\d)|[6-9]|\d\d)"
)  # models that know marks for the prompt cache
_UNMARKABLE = (Audio, Video, Thinking, Refusal, Opaque)
_BUDGETS = (
    (2048, "low"),
    (8192, "medium"),
    (24576, "high"),
)  # tokens to think, up to which an effort is meant


def write_request(request: Request, model: str, fates: Fates) -> bytes:
    """Losses go to `fates`; raises BadRequest through it."""
    messages = request.messages if _MARKS.match(model) else _unmarked(request, fates)
    fields: Fields = {"model": model, "messages": _messages(messages, fates)}
    if request.stream:
        fields |= {"stream": True, "stream_options": {"include_usage": True}}
    limit = "max_completion_tokens" if _NEW_LIMIT.match(model) else "max_tokens"
    told: Fields = {
        limit: request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": request.stop or None,
        "n": request.choices,
        "seed": request.seed,
        "presence_penalty": request.presence_penalty,
        "frequency_penalty": request.frequency_penalty,
        "logprobs": request.logprobs,
        "top_logprobs": request.top_logprobs,
        "user": request.user or None,
        "metadata": request.metadata or None,
        "service_tier": _service_tier(request, fates),
        "store": request.store,
        "modalities": request.modalities or None,
        "verbosity": request.verbosity or None,
        "reasoning_effort": _effort(request.thinking, fates),
        "parallel_tool_calls": request.parallel_tools if request.tools else None,
        "response_format": _response_format(request),
        "tools": [_tool(tool, fates) for tool in request.tools if _is_sendable(tool, fates)] or None,
        "tool_choice": _choice(request.tool_choice) if request.tools else None,
    }
    fields |= {key: value for key, value in told.items() if value is not None}
    if request.cache is not None and request.maker != "openai":
        fates.drop("cache_control", "this provider caches prompts without marks")
    if request.top_k is not None:
        fates.drop("top_k")
    _write_extra(request, fields, fates)
    return json.encode(fields)


def _write_extra(request: Request, fields: Fields, fates: Fates) -> None:
    for key, value in request.extra.items():
        if request.maker == "openai":
            fields.setdefault(key, value)
        else:
            fates.drop(key)


def _service_tier(request: Request, fates: Fates) -> str | None:
    if not request.service_tier or request.maker == "openai":
        return request.service_tier or None
    if request.service_tier in ("auto", "default"):
        return request.service_tier
    if request.service_tier == "standard_only":
        return "default"
    fates.drop("service_tier")
    return None


def _effort(wish: ThinkingWish | None, fates: Fates) -> str | None:
    """How much to think, in the words of this format; a budget of tokens becomes the nearest of them."""
    if wish is None:
        return None
    if wish.mode == "off":
        return wish.effort or "none"
    if wish.effort is not None:
        return wish.effort
    if wish.budget_tokens is not None:
        effort = next((word for most, word in _BUDGETS if wish.budget_tokens <= most), "xhigh")
        fates.change("thinking.budget_tokens", f"sent as reasoning_effort {effort}")
        return effort
    return None


def _response_format(request: Request) -> Fields | None:
    output = request.output
    if output is None:
        return None
    if output.kind != "schema":
        return {"type": "json_object" if output.kind == "json" else "text"}
    schema: Fields = {"name": output.name or "answer", "schema": output.schema or {}}
    if output.description:
        schema["description"] = output.description
    strict = output.strict if output.strict is not None or request.maker == "openai" else True
    return {"type": "json_schema", "json_schema": schema | ({} if strict is None else {"strict": strict})}


def _is_sendable(tool: Tool | Opaque, fates: Fates) -> bool:
    if isinstance(tool, Opaque) and tool.maker != "openai":
        fates.refuse("tools", f"a tool of type {tool.kind} runs only at its own provider")
    return True


def _tool(tool: Tool | Opaque, fates: Fates) -> Fields:
    if isinstance(tool, Opaque):
        return tool.data
    if tool.cache is not None:
        fates.drop("tools[].cache_control", "prompts are cached without marks")
    described: Fields = {"name": tool.name} | ({"description": tool.description} if tool.description else {})
    if tool.custom:
        return {"type": "custom", "custom": described | ({"format": tool.grammar} if tool.grammar else {})}
    if tool.schema is not None:
        described["parameters"] = tool.schema
    if tool.strict is not None:
        described["strict"] = tool.strict
    return {"type": "function", "function": described}


def _choice(choice: ToolChoice | None) -> Any:
    if choice is None:
        return None
    if choice.mode == "tool":
        return {"type": "function", "function": {"name": choice.name}}
    mode = {"none": "none", "any": "required", "auto": "auto"}[choice.mode]
    if choice.allowed and mode != "none":
        tools = [{"type": "function", "function": {"name": name}} for name in choice.allowed]
        return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}
    return mode


def _unmarked(request: Request, fates: Fates) -> list[Message]:
    """The messages without marks for the prompt cache, which this model's provider fills by itself."""
    marked = False
    out: list[Message] = []
    for message in request.messages:
        bears = [
            part for part in message.parts if not isinstance(part, (*_UNMARKABLE,)) and part.cache is not None
        ]
        if bears:
            marked = True
            parts: list[Part] = [
                part if isinstance(part, _UNMARKABLE) else msgspec.structs.replace(part, cache=None)
                for part in message.parts
            ]
            message = Message(message.role, parts, message.name)  # noqa: PLW2901 - the same message without marks
        out.append(message)
    if marked:
        fates.drop("cache_control", "this provider caches prompts without marks")
    return out


def _messages(messages: list[Message], fates: Fates) -> list[Fields]:
    out: list[Fields] = []
    for index, message in enumerate(messages):
        path = f"messages[{index}].content"
        if message.role == "assistant":
            out.append(_assistant(message, path, fates))
        elif message.role == "user":
            out.extend(_user(message, path, fates))
        else:
            out.append(
                _named(
                    message,
                    {
                        "role": message.role,
                        "content": write_content(message.parts, path, fates, joint="\n\n"),
                    },
                )
            )
    return out


def _named(message: Message, fields: Fields) -> Fields:
    return fields | {"name": message.name} if message.name else fields


def _user(message: Message, path: str, fates: Fates) -> list[Fields]:
    """Results of tools are messages of their own here, and come first, as they must follow their calls."""
    out: list[Fields] = []
    rest: list[Part] = []
    for part in message.parts:
        if isinstance(part, ToolResult):
            out.extend(_result(part, path, rest, fates))
        else:
            rest.append(part)
    if rest or not out:
        out.append(_named(message, {"role": "user", "content": write_content(rest, path, fates)}))
    return out


def _result(result: ToolResult, path: str, rest: list[Part], fates: Fates) -> list[Fields]:
    """One result. Images in it cannot stand in a tool's message, so they follow in the user's."""
    texts = [part for part in result.parts if isinstance(part, Text)]
    others = [part for part in result.parts if not isinstance(part, Text)]
    content = "\n".join(part.text for part in texts)
    if result.is_error:
        fates.change(f"{path}.is_error", "told in the text of the result")
        content = f"Error: {content}"
    if others:
        fates.change(path, "what is no text in a tool's result follows in a message of the user")
        rest.append(Text(f"From the result of {result.call_id}:"))
        rest.extend(others)
    return [{"role": "tool", "tool_call_id": result.call_id, "content": content}]


def _assistant(message: Message, path: str, fates: Fates) -> Fields:
    fields: Fields = {"role": "assistant", "content": None}
    parts = own_parts(message.parts, "openai", fates)
    said = [part for part in parts if not isinstance(part, (Thinking, ToolCall, ToolResult, Refusal))]
    if said:
        fields["content"] = write_content(said, path, fates, joint="")
    if refusals := [part.text for part in parts if isinstance(part, Refusal)]:
        fields["refusal"] = "".join(refusals)
    _drop_thinking(parts, fates)
    if calls := [call_fields(part) for part in parts if isinstance(part, ToolCall)]:
        fields["tool_calls"] = calls
    if fields["content"] is None and not calls and not refusals:
        fields["content"] = ""
    return _named(message, fields)


def _drop_thinking(parts: list[Part], fates: Fates) -> None:
    if any(isinstance(part, Thinking) for part in parts):
        fates.drop(
            "thinking blocks",
            "this format has no place for them, and they mean something only to their maker",
        )


def client_thinking(thoughts: list[Thinking]) -> Fields:
    """Thoughts for a client: their text, and blocks with signatures for it to send back."""
    fields: Fields = {}
    if text := "".join(part.text for part in thoughts):
        fields["reasoning_content"] = text
    if signed := [thinking_block(part) for part in thoughts if part.signature or part.redacted]:
        fields["thinking_blocks"] = signed
    return fields
