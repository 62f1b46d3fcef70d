"""A responses request in the neutral form."""

from __future__ import annotations

from headgate.kernel.errors import BadRequest
from headgate.wire.media import blob_of_url
from headgate.wire.neutral import (
    Audio,
    Blob,
    CacheMark,
    Document,
    Effort,
    Fields,
    Image,
    Message,
    Opaque,
    OutputFormat,
    Part,
    Refusal,
    Request,
    Role,
    Text,
    Thinking,
    ThinkingWish,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from headgate.wire.node import Node, objects_of, text_of
from headgate.wire.seals import Seal, unsealed

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "assistant": "assistant",
}
EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
# fields of this format that chat completions has too, under the same name and with the same meaning
SHARED = frozenset({"prompt_cache_key", "prompt_cache_retention", "prompt_cache_options", "moderation"})
# without these the call would mean something else
REFUSED = {
    "background": "an answer that is fetched later is made only by a provider of this format",
    "conversation": "a conversation that is kept by one provider is not known to another",
    "prompt": "a prompt that is kept by one provider is not known to another",
}
SILENT = (
    "include",
    "truncation",
    "previous_response_id",
)  # leaving them out changes nothing that is promised here


def read_request(body: bytes) -> Request:
    """Raises BadRequest that names the field."""
    node = Node.of(body)
    for field, why in REFUSED.items():
        if node.raw(field) not in (None, False):
            raise BadRequest(f"'{field}' cannot be sent to this model's provider: {why}.", param=field)
    request = Request(node.text("model"), _messages(node), "openai")
    request.stream = node.flag("stream") or False
    request.include_usage = True
    node.ignore("stream_options")  # says how the stream is padded
    _read_sampling(node, request)
    _read_tools(node, request)
    _read_text(node, request)
    request.thinking = _thinking(node)
    request.user = node.text_or("safety_identifier") or node.text_or("user")
    node.ignore("user", *SILENT)
    request.metadata = {key: str(value) for key, value in (node.fields_of("metadata") or {}).items()}
    request.service_tier = node.text_or("service_tier")
    request.store = node.flag("store")
    left = node.left()
    request.extra = {key: value for key, value in left.items() if key in SHARED}
    for key in left:
        if key not in SHARED:
            node.lost.append(key)
    request.lost = node.lost
    return request


def _read_sampling(node: Node, request: Request) -> None:
    request.max_tokens = node.integer("max_output_tokens")
    request.temperature = node.number("temperature")
    request.top_p = node.number("top_p")
    request.top_logprobs = node.integer("top_logprobs")
    if request.top_logprobs or "message.output_text.logprobs" in node.values("include"):
        request.logprobs = True


def _read_text(node: Node, request: Request) -> None:
    text = node.node("text")
    if text is None:
        return
    request.verbosity = text.text_or("verbosity")
    told = text.node("format")
    text.close()
    if told is None:
        return
    kind = told.text("type")
    if kind == "json_schema":
        schema = told.fields_of("schema") or {}
        request.output = OutputFormat(
            "schema", schema, told.text_or("name"), told.text_or("description"), told.flag("strict")
        )
        told.close()
    elif kind == "json_object":
        request.output = OutputFormat("json")
    elif kind != "text":
        told.wrong("type", "text, json_object or json_schema")


def _thinking(node: Node) -> ThinkingWish | None:
    told = node.node("reasoning")
    if told is None:
        return None
    effort = told.text_or("effort")
    if effort and effort not in EFFORTS:
        told.wrong("effort", "one of " + ", ".join(EFFORTS))
    summary = told.text_or("summary") or told.text_or("generate_summary")
    told.ignore("generate_summary")
    told.close()
    if not effort and not summary:
        return None
    return ThinkingWish(
        "off" if effort == "none" else "", effort=effort or None, show="summary" if summary else ""
    )  # fmt: skip


def _messages(node: Node) -> list[Message]:
    turns = _Turns()
    if instructions := node.raw("instructions"):
        if not isinstance(instructions, str):
            node.wrong("instructions", "a string")
        turns.messages.append(Message("system", [Text(instructions)]))
    given = node.raw("input")
    if isinstance(given, str):
        turns.messages.append(Message("user", [Text(given)]))
    elif given is not None:
        for each in node.nodes("input"):
            turns.read(each)
            each.close()
    return turns.messages


class _Turns:
    """Items as turns: what the model said in a row is one turn of the assistant, results of tools in a row one of the user."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._signature = ""  # of the call that follows

    def read(self, item: Node) -> None:
        kind = item.text_or("type") or "message"
        item.ignore("id", "status", "phase", "caller", "async", "namespace")
        if kind == "message":
            self._message(item)
        elif kind == "reasoning":
            self._reasoning(item)
        elif kind in ("function_call", "custom_tool_call"):
            custom = kind == "custom_tool_call"
            arguments = item.text_or("input" if custom else "arguments")
            call = ToolCall(item.text("call_id"), item.text("name"), arguments, custom, self._signature)
            self._signature = ""
            self._add("assistant", call)
        elif kind in ("function_call_output", "custom_tool_call_output"):
            parts = content_parts(item, "output")
            result = ToolResult(
                item.text("call_id"), parts, item.text_or("name"), custom=kind == "custom_tool_call_output"
            )
            self._add("user", result)
        else:
            side: Role = "user" if kind.endswith(("_output", "_response")) else "assistant"
            self._add(side, Opaque("openai", kind, item.fields))
            item.ignore(*item.fields)

    def _message(self, item: Node) -> None:
        role = item.text("role")
        if role not in ROLES:
            item.wrong("role", "one of system, developer, user, assistant")
        parts = content_parts(item, "content")
        if role == "assistant":
            for part in parts:
                self._add("assistant", part)
        else:
            self.messages.append(Message(ROLES[role], parts))

    def _reasoning(self, item: Node) -> None:
        text = "\n\n".join(text_of(part.get("text")) for part in objects_of(item.raw("summary")))
        shown = "".join(text_of(part.get("text")) for part in objects_of(item.raw("content")))
        own = item.text_or("encrypted_content")
        seal = unsealed(own) or Seal("openai", "signature", own, text_of(item.raw("id")))
        if seal.kind == "call":
            self._signature = seal.value
            return
        thought = Thinking(shown or text, id=seal.id, maker=seal.maker)
        if seal.kind == "redacted":
            thought.redacted = seal.value
        else:
            thought.signature = seal.value
        self._add("assistant", thought)

    def _add(self, role: Role, part: Part) -> None:
        last = self.messages[-1] if self.messages else None
        joins = last is not None and last.role == role
        if role == "user":
            joins = (
                joins
                and last is not None
                and all(isinstance(each, (ToolResult, Opaque)) for each in last.parts)
            )
        if last is not None and joins:
            last.parts.append(part)
        else:
            self.messages.append(Message(role, [part]))


def content_parts(node: Node, key: str) -> list[Part]:
    """The content of a message or a result: a string or an array of parts."""
    value = node.raw(key)
    if value is None:
        return []
    if isinstance(value, str):
        return [Text(value)] if value else []
    return [_part(each) for each in node.nodes(key)]


def _part(node: Node) -> Part:
    kind = node.text("type")
    mark = node.node("prompt_cache_breakpoint")
    cache = None if mark is None else CacheMark(mark.text_or("ttl"))
    part: Part
    if kind in ("input_text", "output_text", "text"):
        part = Text(node.text("text"), cache, objects_of(node.raw("annotations")), "openai")
        node.ignore("logprobs")
    elif kind == "refusal":
        part = Refusal(node.text("refusal"))
    elif kind == "input_image":
        part = Image(_image_source(node), node.text_or("detail"), cache)
    elif kind == "input_file":
        part = _file(node, cache)
    elif kind == "input_audio":
        sound = node.need("input_audio")
        part = Audio(Blob(f"audio/{sound.text('format')}", data=sound.text("data")))
    else:
        return Opaque("openai", kind, node.fields)
    node.close()
    return part


def _image_source(node: Node) -> Blob:
    if file_id := node.text_or("file_id"):
        return Blob(file_id=file_id, maker="openai")
    return blob_of_url(node.text("image_url"))


def _file(node: Node, cache: CacheMark | None) -> Document:
    title = node.text_or("filename")
    node.ignore("detail")
    if file_id := node.text_or("file_id"):
        return Document(Blob(file_id=file_id, maker="openai"), title, cache=cache)
    if url := node.text_or("file_url"):
        return Document(Blob("application/pdf", url=url), title, cache=cache)
    data = node.text("file_data")
    source = blob_of_url(data) if data.startswith("data:") else Blob("application/pdf", data=data)
    return Document(source, title, cache=cache)


def _read_tools(node: Node, request: Request) -> None:
    request.tools = [_tool(each) for each in node.nodes("tools")]
    request.parallel_tools = node.flag("parallel_tool_calls")
    told = node.raw("tool_choice")
    if told is None:
        return
    if isinstance(told, str):
        modes = {"none": ToolChoice("none"), "auto": ToolChoice("auto"), "required": ToolChoice("any")}
        request.tool_choice = modes.get(told) or node.wrong(
            "tool_choice", "none, auto, required or an object"
        )
        return
    choice = node.need("tool_choice")
    kind = choice.text("type")
    if kind in ("function", "custom"):
        request.tool_choice = ToolChoice("tool", choice.text("name"))
    elif kind == "allowed_tools":
        names = [text_of(tool.get("name")) for tool in objects_of(choice.raw("tools"))]
        mode = "any" if choice.text_or("mode") == "required" else "auto"
        request.tool_choice = ToolChoice(mode, allowed=[name for name in names if name])
    else:
        raise BadRequest(
            f"'tool_choice' cannot be sent to this model's provider: a tool of type {kind} runs only at its own provider.",
            param="tool_choice",
        )


def _tool(node: Node) -> Tool | Opaque:
    kind = node.text("type")
    if kind == "function":
        tool = Tool(
            node.text("name"), node.text_or("description"), node.fields_of("parameters"), node.flag("strict")
        )
        node.ignore("allowed_callers", "async", "defer_loading", "output_schema")
        node.close()
        return tool
    if kind == "custom":
        given = node.fields_of("format")
        node.ignore("allowed_callers", "async", "defer_loading")
        return Tool(node.text("name"), node.text_or("description"), custom=True, grammar=_nested(given))
    return Opaque("openai", kind, node.fields)


def _nested(given: Fields | None) -> Fields | None:
    """The format of a custom tool as chat completions has it."""
    if given is None or given.get("type") != "grammar":
        return given
    return {"type": "grammar", "grammar": {key: value for key, value in given.items() if key != "type"}}
