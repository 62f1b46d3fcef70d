"""When the mock provider calls tools, which, and with what arguments."""

from __future__ import annotations

import re
from typing import Any, cast

from headgate.providers.mocking.dice import Dice
from headgate.providers.mocking.request import Fields, Refused, Request
from headgate.providers.mocking.schema import as_text, instance
from headgate.providers.mocking.text import dicts, last_message, last_text

_WORD = re.compile(r"[A-Za-z][a-z]+|[A-Z]{2,}")
_PROPER = re.compile(r"(?<!^)(?<![.!?] )\b[A-Z][a-z]+(?: [A-Z][a-z]+)*")
_FILLERS = frozenset({
    "get", "set", "the", "and", "for", "with", "from", "make", "run", "use", "call", "find", "do", "tool", "function",
    "name", "list",
})  # fmt: skip


def tool_calls(request: Request, dice: Dice) -> list[Fields]:
    """The tool calls of one choice; empty when it answers in words."""
    tools = {_name(tool): tool for tool in dicts(request.fields.get("tools"))}
    mode, named = _choice_of(request.fields.get("tool_choice"))
    if mode == "named" and named[0] not in tools:
        raise Refused(f"Tool choice '{named[0]}' not found in 'tools'.", "tool_choice")
    if named:
        tools = {name: tool for name, tool in tools.items() if name in named}
    if not tools or mode == "none":
        return []
    wanted = list(tools) if mode == "named" else _suggested(tools, request, must=mode == "required")
    if request.fields.get("parallel_tool_calls") is False:
        wanted = wanted[:1]
    return [_call(tools[name], request, dice.fork(f"call {place}")) for place, name in enumerate(wanted)]


def function_call(request: Request, dice: Dice) -> Fields | None:
    """The call of the older `functions` interface; None when it answers in words."""
    functions = {str(each.get("name", "")): each for each in dicts(request.fields.get("functions"))}
    told = request.fields.get("function_call")
    if isinstance(told, dict):
        functions = {name: each for name, each in functions.items() if name == cast(Fields, told).get("name")}
        wanted = list(functions)
    else:
        wanted = [] if told == "none" or not functions else _suggested(functions, request, must=False)
    if not wanted:
        return None
    return {"name": wanted[0], "arguments": _arguments(functions[wanted[0]], request, dice)}


def _choice_of(told: Any) -> tuple[str, list[str]]:
    """How a tool must be chosen (`auto`, `none`, `required`, `named`), and of which names if not of all."""
    if isinstance(told, str):
        return told, []
    if not isinstance(told, dict):
        return "auto", []
    choice = cast(Fields, told)
    if choice.get("type") == "allowed_tools":
        allowed = cast(Fields, choice.get("allowed_tools") or choice)
        return str(allowed.get("mode", "auto")), [_name(tool) for tool in dicts(allowed.get("tools"))]
    return "named", [_name(choice)]


def _name(tool: Fields) -> str:
    inner = tool.get("function") or tool.get("custom") or tool
    return str(cast(Fields, inner).get("name", "")) if isinstance(inner, dict) else ""


def _suggested(tools: dict[str, Fields], request: Request, *, must: bool) -> list[str]:
    """The tools whose name is echoed by the user's last words, unless a tool has just answered."""
    role = last_message(request.fields).get("role")
    said = {word.lower() for word in _WORD.findall(last_text(request.fields, role="user"))}
    wanted = [name for name in tools if said & _words_of(name)] if role not in ("tool", "function") else []
    return wanted or (list(tools)[:1] if must else [])


def _words_of(name: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(name.replace("_", " ").replace("-", " "))} - _FILLERS


def _call(tool: Fields, request: Request, dice: Dice) -> Fields:
    call: Fields = {"id": f"call_{dice.token(24)}"}
    if tool.get("type") == "custom":
        text = last_text(request.fields, role="user") or "input"
        return call | {"type": "custom", "custom": {"name": _name(tool), "input": text}}
    function = cast(Fields, tool.get("function") or {})
    return call | {
        "type": "function",
        "function": {"name": _name(tool), "arguments": _arguments(function, request, dice)},
    }


def _arguments(function: Fields, request: Request, dice: Dice) -> str:
    """Arguments that fit the function's parameters; free texts are proper names of the prompt, if it has some."""
    schema = function.get("parameters")
    proper = tuple(dict.fromkeys(_PROPER.findall(last_text(request.fields, role="user"))))
    made: object = instance(schema, dice, proper) if schema else {}
    return as_text(cast(Fields, made) if isinstance(made, dict) else {})
