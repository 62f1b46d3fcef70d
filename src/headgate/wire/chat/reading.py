"""A chat completions request in the neutral form."""

from __future__ import annotations

from typing import Any, cast

from headgate.kernel import json
from headgate.wire.chat.parts import assistant_parts, content_parts
from headgate.wire.neutral import (
    CacheMark,
    Effort,
    Message,
    Opaque,
    OutputFormat,
    Part,
    Request,
    Role,
    ThinkingWish,
    Tool,
    ToolChoice,
    ToolResult,
)
from headgate.wire.node import Node

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "assistant": "assistant",
}
EFFORTS: dict[str, Effort] = {
    "none": "none", "minimal": "minimal", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max",
}  # fmt: skip


def read_request(body: bytes) -> Request:
    """Raises BadRequest that names the field."""
    node = Node.of(body)
    request = Request(node.text("model"), _messages(node), "openai")
    request.stream = node.flag("stream") or False
    if options := node.node("stream_options"):
        request.include_usage = options.flag("include_usage") or False
        options.ignore("include_obfuscation")  # how the stream is padded
        options.close()
    _read_sampling(node, request)
    _read_tools(node, request)
    request.output = _output(node)
    effort = node.text_or("reasoning_effort")
    if effort:
        request.thinking = ThinkingWish("off" if effort == "none" else "", effort=_effort(node, effort))
    request.verbosity = node.text_or("verbosity")
    request.user = node.text_or("safety_identifier") or node.text_or("user")
    node.ignore("user")  # the newer spelling wins
    request.metadata = {key: str(value) for key, value in (node.fields_of("metadata") or {}).items()}
    request.service_tier = node.text_or("service_tier")
    request.store = node.flag("store")
    request.modalities = node.texts("modalities")
    if (options := node.fields_of("prompt_cache_options")) and options.get("mode") == "implicit":
        request.cache = CacheMark(str(options.get("ttl") or ""))
    request.extra = node.left()
    request.lost = node.lost
    return request


def _effort(node: Node, told: str) -> Effort:
    return EFFORTS.get(told) or node.wrong("reasoning_effort", "one of " + ", ".join(EFFORTS))


def _read_sampling(node: Node, request: Request) -> None:
    limit = node.integer("max_completion_tokens")
    older = node.integer("max_tokens")
    request.max_tokens = limit if limit is not None else older
    request.temperature = node.number("temperature")
    request.top_p = node.number("top_p")
    request.top_k = node.integer("top_k")  # no field of OpenAI's, but of many who speak its format
    stop = node.raw("stop")
    request.stop = [stop] if isinstance(stop, str) else node.texts("stop")
    request.choices = node.integer("n")
    request.seed = node.integer("seed")
    request.presence_penalty = node.number("presence_penalty")
    request.frequency_penalty = node.number("frequency_penalty")
    request.logprobs = node.flag("logprobs")
    request.top_logprobs = node.integer("top_logprobs")


def _messages(node: Node) -> list[Message]:
    messages: list[Message] = []
    last_call: dict[str, str] = {}  # the older calls have no ids: the id given to the last call of each name
    for index, each in enumerate(node.nodes("messages")):
        role = each.text("role")
        if role in ("tool", "function"):
            part = _result(each, role, last_call)
            each.close()
            previous = messages[-1] if messages else None
            if (
                previous is not None
                and previous.role == "user"
                and all(isinstance(p, ToolResult) for p in previous.parts)
            ):
                previous.parts.append(part)
            else:
                messages.append(Message("user", [part]))
            continue
        if role not in ROLES:
            each.wrong("role", "one of system, developer, user, assistant, tool")
        parts: list[Part] = content_parts(each, "content")
        if role == "assistant":
            parts = assistant_parts(each, parts, f"call_{index}", last_call)
        messages.append(Message(ROLES[role], parts, each.text_or("name")))
        each.close()
    return messages


def _result(each: Node, role: str, last_call: dict[str, str]) -> ToolResult:
    parts = content_parts(each, "content")
    if role == "function":
        name = each.text("name")
        return ToolResult(last_call.get(name, f"call_{name}"), parts, name)
    return ToolResult(each.text("tool_call_id"), parts, each.text_or("name"))


def _read_tools(node: Node, request: Request) -> None:
    request.tools = [_tool(each) for each in node.nodes("tools")]
    request.tool_choice = _choice(node, "tool_choice")
    request.parallel_tools = node.flag("parallel_tool_calls")
    if functions := node.nodes("functions"):
        request.functions = True
        request.tools += [_function(each) for each in functions]
        request.parallel_tools = False
    if (older := node.raw("function_call")) is not None:
        choice: Any = older if isinstance(older, str) else {"type": "function", "function": older}
        request.tool_choice = _choice(Node({"function_call": choice}), "function_call")


def _tool(each: Node) -> Tool | Opaque:
    kind = each.text("type")
    if kind == "function":
        tool = _function(each.need("function"))
        each.close()
        return tool
    if kind == "custom":
        custom = each.need("custom")
        tool = Tool(
            custom.text("name"),
            custom.text_or("description"),
            custom=True,
            grammar=custom.fields_of("format"),
        )
        custom.close()
        return tool
    return Opaque("openai", kind, each.fields)


def _function(function: Node) -> Tool:
    tool = Tool(
        function.text("name"), function.text_or("description"), function.fields_of("parameters"), function.flag("strict")
    )  # fmt: skip
    function.close()
    return tool


def _choice(node: Node, key: str) -> ToolChoice | None:
    told = node.raw(key)
    if told is None:
        return None
    if isinstance(told, str):
        modes = {"none": ToolChoice("none"), "auto": ToolChoice("auto"), "required": ToolChoice("any")}
        return modes.get(told) or node.wrong(key, "none, auto, required or an object")
    choice = node.need(key)
    kind = choice.text_or("type", "function")
    if kind == "allowed_tools":
        inner = choice.need("allowed_tools")
        names = [_name_in(each) for each in inner.values("tools")]
        return ToolChoice(
            "any" if inner.text_or("mode") == "required" else "auto", allowed=[name for name in names if name]
        )
    return ToolChoice("tool", choice.need("custom" if kind == "custom" else "function").text("name"))


def _name_in(tool: Any) -> str:
    fields = cast("dict[str, Any]", tool) if isinstance(tool, dict) else {}
    inner = fields.get(str(fields.get("type")))
    return (
        str(cast("dict[str, Any]", inner).get("name", ""))
        if isinstance(inner, dict)
        else str(fields.get("name", ""))
    )


def _output(node: Node) -> OutputFormat | None:
    told = node.node("response_format")
    if told is None:
        return None
    kind = told.text("type")
    if kind == "json_schema":
        schema = told.need("json_schema")
        output = OutputFormat("schema", schema.fields_of("schema") or {}, schema.text_or("name"))
        output.description, output.strict = schema.text_or("description"), schema.flag("strict")
        schema.close()
        return output
    if kind == "json_object":
        return OutputFormat("json")
    return OutputFormat("text") if kind == "text" else told.wrong("type", "text, json_object or json_schema")


def arguments_text(value: Any) -> str:
    """Arguments as JSON text; some send the object itself."""
    return value if isinstance(value, str) else json.encode(value if value is not None else {}).decode()
