"""An Anthropic messages request in the neutral form."""

from __future__ import annotations

from headgate.wire.anthropic.blocks import read_cache, read_content
from headgate.wire.neutral import (
    Effort,
    Message,
    Opaque,
    OutputFormat,
    Request,
    Role,
    ThinkingWish,
    Tool,
    ToolChoice,
)
from headgate.wire.node import Node

_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}
_EFFORTS: dict[str, Effort] = {
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "max",
}


def read_request(body: bytes) -> Request:
    """Raises BadRequest that names the field."""
    node = Node.of(body)
    messages = _messages(node)
    if system := read_content(node, "system"):
        messages.insert(0, Message("system", system))
    request = Request(node.text("model"), messages, "anthropic", include_usage=True)
    request.stream = node.flag("stream") or False
    request.max_tokens = node.integer("max_tokens")
    request.temperature = node.number("temperature")
    request.top_p = node.number("top_p")
    request.top_k = node.integer("top_k")
    request.stop = node.texts("stop_sequences")
    request.tools = [_tool(each) for each in node.nodes("tools")]
    _read_choice(node, request)
    request.thinking = _thinking(node)
    _read_output(node, request)
    if metadata := node.node("metadata"):
        request.user = metadata.text_or("user_id")
        metadata.close()
    request.service_tier = node.text_or("service_tier")
    request.cache = read_cache(node)
    if node.fields.get("speed") == "standard":
        node.ignore("speed")  # what one gets anyway
    request.extra = node.left()
    request.lost = node.lost
    return request


def _messages(node: Node) -> list[Message]:
    messages: list[Message] = []
    for each in node.nodes("messages"):
        role = each.text("role")
        if role not in _ROLES:
            each.wrong("role", "user, assistant or system")
        messages.append(Message(_ROLES[role], read_content(each, "content")))
        each.close()
    return messages


def _tool(node: Node) -> Tool | Opaque:
    kind = node.text_or("type", "custom")
    if kind != "custom":
        return Opaque("anthropic", kind, node.fields)
    tool = Tool(
        node.text("name"), node.text_or("description"), node.fields_of("input_schema"), node.flag("strict")
    )
    tool.cache = read_cache(node)
    node.ignore("eager_input_streaming")  # how finely its arguments are streamed
    node.close()
    return tool


def _read_choice(node: Node, request: Request) -> None:
    choice = node.node("tool_choice")
    if choice is None:
        return
    kind = choice.text("type")
    if kind == "tool":
        request.tool_choice = ToolChoice("tool", choice.text("name"))
    elif kind == "any":
        request.tool_choice = ToolChoice("any")
    elif kind == "none":
        request.tool_choice = ToolChoice("none")
    elif kind == "auto":
        request.tool_choice = ToolChoice("auto")
    else:
        choice.wrong("type", "auto, any, tool or none")
    if choice.flag("disable_parallel_tool_use"):
        request.parallel_tools = False
    choice.close()


def _thinking(node: Node) -> ThinkingWish | None:
    told = node.node("thinking")
    if told is None:
        return None
    kind = told.text("type")
    wish = ThinkingWish(show="none" if told.text_or("display") == "omitted" else "")
    if told.fields.get("display") == "summarized":
        wish.show = "summary"
    if kind == "enabled":
        wish.mode = "on"
        wish.budget_tokens = told.integer("budget_tokens")
    elif kind == "adaptive":
        wish.mode = "adaptive"
    elif kind == "disabled":
        wish.mode = "off"
    else:  # a way of thinking that only Anthropic's models know
        wish.mode = "on"
        told.lost.append(f"thinking.type {kind}")
    told.close()
    return wish


def _read_output(node: Node, request: Request) -> None:
    config = node.node("output_config")
    if config is None:
        return
    effort = config.text_or("effort")
    if effort:
        known = _EFFORTS.get(effort) or config.wrong("effort", "one of " + ", ".join(_EFFORTS))
        wish = request.thinking or ThinkingWish()
        wish.effort = known
        request.thinking = wish
    if told := config.node("format"):
        request.output = OutputFormat("schema", told.fields_of("schema") or {})
        told.ignore("type")
        told.close()
    config.close()
