"""OpenAI's custom tools, which take free text, at providers that know functions only: a function with one text, and back."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headgate.kernel import json
from headgate.wire.codec import Fates
from headgate.wire.neutral import (
    ArgumentsDelta,
    Event,
    Fields,
    Message,
    Opaque,
    Part,
    PartEnded,
    PartStarted,
    Reply,
    Request,
    Tool,
    ToolCall,
)
from headgate.wire.node import object_of, text_of

TEXT = "input"  # the one argument
_SCHEMA: Fields = {"type": "object", "properties": {TEXT: {"type": "string"}}, "required": [TEXT]}


def with_functions_only(request: Request, fates: Fates) -> Request:
    """`request` with its custom tools, and the calls of them so far, as functions; itself when it has none."""
    if not any(isinstance(tool, Tool) and tool.custom for tool in request.tools) and not any(
        isinstance(part, ToolCall) and part.custom for message in request.messages for part in message.parts
    ):
        return request
    tools = [
        _as_function(tool, fates) if isinstance(tool, Tool) and tool.custom else tool
        for tool in request.tools
    ]
    messages = [
        Message(message.role, [_as_function_call(part) for part in message.parts], message.name)
        for message in request.messages
    ]
    return msgspec.structs.replace(request, tools=tools, messages=messages)


def _as_function(tool: Tool, fates: Fates) -> Tool:
    how = "offered as a function with one text" + (", its grammar in words" if tool.grammar else "")
    fates.change("tools[].custom", how)
    description = tool.description
    if tool.grammar:
        description += f"\nThe text must fit this grammar: {json.encode(tool.grammar).decode()}"
    return Tool(tool.name, description.strip(), _SCHEMA, cache=tool.cache)


def _as_function_call(part: Part) -> Part:
    if not isinstance(part, ToolCall) or not part.custom:
        return part
    return msgspec.structs.replace(part, custom=False, arguments=json.encode({TEXT: part.arguments}).decode())


class Unwrapping:
    """Turns calls of such functions in an answer back into calls of the custom tools they stand for."""

    def __init__(self, request: Request) -> None:
        self._names = {tool.name for tool in request.tools if not isinstance(tool, Opaque) and tool.custom}
        self._held: dict[
            tuple[int, int], list[str]
        ] = {}  # arguments that are complete only at the part's end

    def __bool__(self) -> bool:
        return bool(self._names)

    def reply(self, reply: Reply) -> None:
        """The same in a whole answer, in place."""
        for choice in reply.choices:
            for part in choice.parts:
                if isinstance(part, ToolCall) and part.name in self._names and not part.custom:
                    part.custom, part.arguments = True, _text_in(part.arguments)

    def events(self, events: Sequence[Event]) -> list[Event]:
        """The same in a stream."""
        out: list[Event] = []
        for event in events:
            match event:
                case PartStarted(part=ToolCall(name=name, custom=False) as part) if name in self._names:
                    self._held[event.choice, event.at] = [part.arguments]
                    begins = msgspec.structs.replace(part, custom=True, arguments="")
                    out.append(PartStarted(event.at, begins, event.choice))
                case ArgumentsDelta() if (event.choice, event.at) in self._held:
                    self._held[event.choice, event.at].append(event.text)
                case PartEnded() if (event.choice, event.at) in self._held:
                    told = _text_in("".join(self._held.pop((event.choice, event.at))))
                    out += [ArgumentsDelta(event.at, told, event.choice), event]
                case _:
                    out.append(event)
        return out


def _text_in(arguments: str) -> str:
    """The one text in `arguments`; all of them when it is not there."""
    try:
        fields = object_of(json.decode(arguments))
    except (ValueError, RecursionError):
        return arguments
    return text_of(fields[TEXT]) if isinstance(fields.get(TEXT), str) else arguments
