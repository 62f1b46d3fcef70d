"""The names of tools, whatever the wire: those a request offers, and those an answer or a stream's event calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from headgate.call.call import Call
from headgate.wire.members import remove
from headgate.wire.text_edits import edited
from headgate.wire.texts import change_body, read_request

Node = dict[str, Any]
_GOOGLE_LISTS = ("functionDeclarations", "function_declarations")
_CHOICES = ("tool_choice", "function_call", "toolConfig", "tool_config", "parallel_tool_calls")


def offered_tools(call: Call) -> list[str]:
    """The names of the tools that the request offers; a tool of the provider's own goes by its type."""
    tree: Any = read_request(call).tree
    if not isinstance(tree, dict):
        return []
    body = cast(Node, tree)
    return [name for key in ("tools", "functions") for tool in _nodes(body.get(key)) for name in _names(tool)]


def withdraw_tools(call: Call, refused: Callable[[str], bool]) -> None:
    """Take the tools whose name is `refused` out of the request. With the last one go the choices between them."""
    for key in ("tools", "functions"):
        tools = _nodes(read_request(call).tree.get(key))
        kept = [smaller for tool in tools if (smaller := _without(tool, refused)) is not None]
        if kept and kept != tools:
            change_body(call, edited(call.body, {(key,): kept}))
        elif tools and not kept:
            body = remove(call.body, key)
            for name in _CHOICES:
                body = remove(body, name)
            change_body(call, body)


def called_tools(tree: object) -> list[str]:
    """The names of the tools that a decoded answer, or one event of a stream, calls."""
    found: list[str] = []
    _search(tree, found)
    return list(dict.fromkeys(found))


def _names(tool: Node) -> list[str]:
    for key in _GOOGLE_LISTS:
        if key in tool:
            return [str(each.get("name", "")) for each in _nodes(tool[key])]
    for key in ("function", "custom"):
        inner = tool.get(key)
        if isinstance(inner, dict):
            return [str(cast(Node, inner).get("name", ""))]
    name = tool.get("name") or tool.get("server_label") or tool.get("type")
    return [str(name)] if name else list(tool)  # Google's own tools are keys: {"googleSearch": {}}


def _without(tool: Node, refused: Callable[[str], bool]) -> Node | None:
    for key in _GOOGLE_LISTS:
        if key in tool:
            kept = [each for each in _nodes(tool[key]) if not refused(str(each.get("name", "")))]
            return tool | {key: kept} if kept else None
    return None if any(map(refused, _names(tool))) else tool


def _search(node: object, found: list[str]) -> None:
    """Tool calls stand at few places, but in many wires: look where they can be, never into what a tool was asked."""
    if isinstance(node, list):
        for each in cast("list[object]", node):
            _search(each, found)
        return
    if not isinstance(node, dict):
        return
    this = cast(Node, node)
    kind = this.get("type")
    if isinstance(kind, str) and (kind.endswith(("tool_use", "_call")) and not kind.startswith("response.")):
        found.append(str(this.get("name") or kind.removesuffix("_call")))
        return
    for key in ("function", "custom", "functionCall", "function_call"):
        inner = this.get(key)
        if (
            isinstance(inner, dict)
            and isinstance(cast(Node, inner).get("name"), str)
            and cast(Node, inner)["name"]
        ):
            found.append(cast(Node, inner)["name"])
    for key in _PLACES:
        if key in this:
            _search(this[key], found)


_PLACES = (
    "choices", "message", "delta", "tool_calls", "content", "content_block", "output", "item", "response", "candidates", "parts",
)  # fmt: skip


def _nodes(value: object) -> list[Node]:
    return (
        [cast(Node, each) for each in cast("list[Any]", value) if isinstance(each, dict)]
        if isinstance(value, list)
        else []
    )
