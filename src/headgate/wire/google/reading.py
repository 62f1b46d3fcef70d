"""A request of `generateContent` in the neutral form."""

from __future__ import annotations

from headgate.kernel.errors import BadRequest
from headgate.wire.google.parts import Calls, read_part
from headgate.wire.google.schemas import camel, json_schema
from headgate.wire.neutral import (
    Effort,
    Fields,
    Message,
    Opaque,
    OutputFormat,
    Part,
    Request,
    Text,
    Thinking,
    ThinkingWish,
    Tool,
    ToolChoice,
    ToolResult,
)
from headgate.wire.node import Node

_LEVELS: dict[str, Effort] = {
    "MINIMAL": "minimal",
    "LOW": "low",
    "MEDIUM": "medium",
    "HIGH": "high",
    "XHIGH": "xhigh",
}
_MODES = {"AUTO": "auto", "ANY": "any", "NONE": "none", "VALIDATED": "auto", "MODE_UNSPECIFIED": "auto"}
_JSON = "application/json"


def read_request(body: bytes) -> Request:
    """Raises BadRequest that names the field. The model stands in the path, not here."""
    node = Node(camel(Node.of(body).fields))
    if node.text_or("cachedContent"):
        raise BadRequest(
            "'cachedContent' cannot be sent to this model's provider: what one provider has cached is not known to another.",
            param="cachedContent",
        )
    request = Request(node.text_or("model").removeprefix("models/"), _messages(node), "google")
    request.include_usage = True
    if (config := node.node("generationConfig")) is not None:
        _read_config(config, request)
    _read_tools(node, request)
    tier = node.text_or("serviceTier").lower().removeprefix("service_tier_")
    request.service_tier = "default" if tier == "standard" else tier
    request.store = node.flag("store")
    node.ignore("labels")  # for the provider's own bill
    node.close()
    request.lost = node.lost
    return request


def _messages(node: Node) -> list[Message]:
    calls = Calls()
    messages: list[Message] = []
    system = node.raw("systemInstruction")
    if isinstance(system, str):
        messages.append(Message("system", read_part({"text": system}, calls)))
    elif system is not None:
        messages.append(Message("system", _parts(node.need("systemInstruction"), calls)))
    for content in node.nodes("contents"):
        parts = _parts(content, calls)
        if content.text_or("role") == "model":
            messages.append(Message("assistant", _joined(parts)))
        else:
            _add_user(messages, parts)
        content.close()
    return messages


def _add_user(messages: list[Message], parts: list[Part]) -> None:
    """Results of tools come first, and join the results of the turn before."""
    last = messages[-1] if messages else None
    only_results = all(isinstance(part, ToolResult) for part in parts)
    if (
        last is not None
        and last.role == "user"
        and only_results
        and all(isinstance(part, ToolResult) for part in last.parts)
    ):
        last.parts.extend(parts)
    else:
        messages.append(Message("user", parts))


def _parts(content: Node, calls: Calls) -> list[Part]:
    content.ignore("role")
    raw = content.raw("parts")
    given = [content.need("parts")] if isinstance(raw, dict) else content.nodes("parts")
    return [part for each in given for part in read_part(each.fields, calls)]


def _joined(parts: list[Part]) -> list[Part]:
    """A client that saw a stream sends its pieces back: a thought goes on until its signature, a text until something else."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(last, Text) and isinstance(part, Text):
            last.text += part.text
        elif (
            isinstance(last, Thinking)
            and isinstance(part, Thinking)
            and not (last.signature or last.redacted)
        ):
            part.text = last.text + part.text
            joined[-1] = part
        else:
            joined.append(part)
    return joined


def _read_config(config: Node, request: Request) -> None:
    request.temperature = config.number("temperature")
    request.top_p = config.number("topP")
    top_k = config.number("topK")
    request.top_k = None if top_k is None else int(top_k)
    request.max_tokens = config.integer("maxOutputTokens")
    request.choices = config.integer("candidateCount")
    request.stop = config.texts("stopSequences")
    request.seed = config.integer("seed")
    request.presence_penalty = config.number("presencePenalty")
    request.frequency_penalty = config.number("frequencyPenalty")
    request.logprobs = config.flag("responseLogprobs")
    request.top_logprobs = config.integer("logprobs")
    request.modalities = [each.lower() for each in config.texts("responseModalities")]
    request.output = _output(config)
    request.thinking = _thinking(config)
    config.close()


def _output(config: Node) -> OutputFormat | None:
    kind = config.text_or("responseMimeType")
    own, schema = config.fields_of("responseSchema"), config.fields_of("responseJsonSchema")
    if kind != _JSON:
        return None
    if schema is None and own is None:
        return OutputFormat("json")
    return OutputFormat("schema", schema if schema is not None else json_schema(own or {}))


def _thinking(config: Node) -> ThinkingWish | None:
    told = config.node("thinkingConfig")
    if told is None:
        return None
    budget, level = told.integer("thinkingBudget"), told.text_or("thinkingLevel").upper()
    wish = ThinkingWish(show="summary" if told.flag("includeThoughts") else "", effort=_LEVELS.get(level))
    if budget == 0:
        wish.mode = "off"
    elif budget is not None and budget > 0:
        wish.mode, wish.budget_tokens = "on", budget
    elif budget is not None:
        wish.mode = "adaptive"  # -1: the model decides
    told.close()
    return wish


def _read_tools(node: Node, request: Request) -> None:
    for tool in node.nodes("tools"):
        for declared in tool.nodes("functionDeclarations"):
            request.tools.append(_function(declared))
        for kind, value in tool.left().items():
            request.tools.append(Opaque("google", kind, {kind: value}))
        tool.ignore(*tool.fields)
    config = node.node("toolConfig")
    calling = None if config is None else config.node("functionCallingConfig")
    if calling is not None:
        request.tool_choice = _choice(calling)
    if config is not None:
        config.close()


def _function(declared: Node) -> Tool:
    own, schema = declared.fields_of("parameters"), declared.fields_of("parametersJsonSchema")
    parameters: Fields | None = (
        schema if schema is not None else json_schema(own) if own is not None else None
    )
    declared.ignore("response", "responseJsonSchema")  # say what the caller will answer
    tool = Tool(declared.text("name"), declared.text_or("description"), parameters)
    declared.close()
    return tool


def _choice(calling: Node) -> ToolChoice | None:
    told = calling.text_or("mode") or "AUTO"
    mode = _MODES.get(told.upper()) or calling.wrong("mode", "AUTO, ANY, NONE or VALIDATED")
    allowed = calling.texts("allowedFunctionNames")
    calling.close()
    if mode == "any":
        return ToolChoice("tool", allowed[0]) if len(allowed) == 1 else ToolChoice("any", allowed=allowed)
    return ToolChoice("none") if mode == "none" else ToolChoice("auto", allowed=allowed)
