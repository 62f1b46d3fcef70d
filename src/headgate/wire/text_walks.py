"""Where the texts of requests and answers stand, wire by wire: what a person or a model can read, and who said it.

One walk finds the texts and names what cannot be read as text: images, audio, files, tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, cast

Path = tuple[str | int, ...]
Node = dict[str, Any]

ROLES = MappingProxyType({
    "system": "system", "developer": "system", "assistant": "assistant", "model": "assistant", "tool": "tool",
    "function": "tool",
})  # fmt: skip
THINKING = "thinking"
TOOL_CALL = "tool_call"
DEFINITION = "definition"

# parts that carry no text, by `type`, and what we call them
_UNREAD = MappingProxyType({
    "image": "image", "image_url": "image", "input_image": "image", "image_generation_call": "image",
    "computer_screenshot": "image", "input_audio": "audio", "audio": "audio", "video_url": "video", "file": "file",
    "input_file": "file", "container_upload": "file", "redacted_thinking": "sealed thinking", "compaction": "sealed thinking",
    "item_reference": "stored item",
})  # fmt: skip
# parts of Google's wire that carry no text, by key
_UNREAD_KEYS = MappingProxyType(
    {"inlineData": "image", "inline_data": "image", "fileData": "file", "file_data": "file"}
)
# members of a part whose value is a text or a list of parts that the speaker said
_SAID = ("text", "refusal", "transcript", "title", "context", "cited_text")
# members that hold what a tool was asked and what it answered
_ASKED = ("arguments", "input", "code", "action", "queries")
_ANSWERED = ("output", "content", "results", "outputs", "result", "error")


class Text(NamedTuple):
    """One text: who said it, where it stands in the body, what it says. `sealed`: signed by the provider, not to be changed.

    Roles: system, user, assistant, tool (what a tool answered), tool_call (what a tool is asked), thinking,
    definition (what the request says of its tools and formats).
    """

    role: str
    path: Path
    text: str
    sealed: bool = False


class Walk:
    """Collects the texts of one body, and what in it could not be read."""

    __slots__ = ("texts", "unread")

    def __init__(self) -> None:
        self.texts: list[Text] = []
        self.unread: list[str] = []

    def say(self, role: str, path: Path, value: object, *, sealed: bool = False) -> None:
        """`value`, if it is a text."""
        if isinstance(value, str) and value:
            self.texts.append(Text(role, path, value, sealed))

    def free(self, role: str, path: Path, node: object) -> None:
        """Every string in a value of any shape."""
        if isinstance(node, str):
            if node:
                self.texts.append(Text(role, path, node))
        elif isinstance(node, dict):
            for key, value in cast(Node, node).items():
                self.free(role, (*path, key), value)
        elif isinstance(node, list):
            for index, value in enumerate(cast(list[Any], node)):
                self.free(role, (*path, index), value)

    def parts(self, role: str, path: Path, node: object) -> None:
        """A text, or parts of one."""
        if isinstance(node, str):
            self.say(role, path, node)
        elif isinstance(node, list):
            for index, part in enumerate(cast(list[Any], node)):
                if isinstance(part, dict):
                    self.part(role, (*path, index), cast(Node, part))
                else:
                    self.say(role, (*path, index), part)
        elif isinstance(node, dict):
            self.part(role, path, cast(Node, node))

    def part(self, role: str, path: Path, part: Node) -> None:
        """One part of a message, of whichever wire."""
        kind = part.get("type")
        if kind == "text" and len(part) == 2:
            self.say(role, (*path, "text"), part.get("text"))
            return
        if kind in _UNREAD:
            self.unread.append(_UNREAD[cast(str, kind)])
        signed = bool(part.get("signature") or part.get("thoughtSignature") or part.get("thought_signature"))
        if part.get("thought") is True:
            role = THINKING
        for name in _SAID:
            if name in part:
                self.say(role, (*path, name), part[name], sealed=signed)
        if "thinking" in part:
            self.say(THINKING, (*path, "thinking"), part["thinking"], sealed=signed)
        if isinstance(kind, str):
            self._typed(kind, path, part, role)
        else:
            self._google(path, part)

    def _typed(self, kind: str, path: Path, part: Node, role: str) -> None:
        if kind.endswith("tool_use"):
            self.free(TOOL_CALL, (*path, "input"), part.get("input"))
        elif kind.endswith("tool_result"):
            self.parts("tool", (*path, "content"), part.get("content"))
        elif kind == "document":
            self._document(role, path, part)
        elif kind == "search_result":
            self.parts(role, (*path, "content"), part.get("content"))

    def _document(self, role: str, path: Path, part: Node) -> None:
        source = part.get("source")
        if not isinstance(source, dict):
            return
        found = cast(Node, source)
        if found.get("type") == "text":
            self.say(role, (*path, "source", "data"), found.get("data"))
        elif found.get("type") == "content":
            self.parts(role, (*path, "source", "content"), found.get("content"))
        else:
            self.unread.append("file")

    def _google(self, path: Path, part: Node) -> None:
        for name, value in part.items():
            if name in ("functionCall", "function_call"):
                self.free(TOOL_CALL, (*path, name, "args"), _member(value, "args"))
            elif name in ("functionResponse", "function_response"):
                self.free("tool", (*path, name, "response"), _member(value, "response"))
            elif name in ("executableCode", "executable_code"):
                self.say(TOOL_CALL, (*path, name, "code"), _member(value, "code"))
            elif name in ("codeExecutionResult", "code_execution_result"):
                self.say("tool", (*path, name, "output"), _member(value, "output"))
            elif name in _UNREAD_KEYS:
                self.unread.append(_UNREAD_KEYS[name])

    def message(self, path: Path, message: Node, default: str) -> None:
        """A message of the chat wires: its content, and the tools it calls."""
        role = ROLES.get(message.get("role", ""), default)
        self.parts(role, (*path, "content"), message.get("content"))
        self.say(role, (*path, "refusal"), message.get("refusal"))
        for name in ("reasoning_content", "reasoning"):
            self.say(THINKING, (*path, name), message.get(name))
        for name in ("reasoning_details", "thinking_blocks"):
            self.parts(THINKING, (*path, name), message.get(name))
        self.say(role, (*path, "audio", "transcript"), _member(message.get("audio"), "transcript"))
        legacy = message.get("function_call")
        self.say(TOOL_CALL, (*path, "function_call", "arguments"), _member(legacy, "arguments"))
        for index, call in enumerate(_list(message.get("tool_calls"))):
            at = (*path, "tool_calls", index)
            self.say(
                TOOL_CALL, (*at, "function", "arguments"), _member(_member(call, "function"), "arguments")
            )
            self.say(TOOL_CALL, (*at, "custom", "input"), _member(_member(call, "custom"), "input"))

    def item(self, path: Path, item: Node, default: str) -> None:
        """An item of the Responses wire: a message, a tool's call or answer, reasoning."""
        kind = item.get("type", "message")
        if kind == "message":
            self.parts(ROLES.get(item.get("role", ""), default), (*path, "content"), item.get("content"))
        elif kind == "reasoning":
            for name in ("summary", "content"):
                self.parts(THINKING, (*path, name), item.get(name))
        elif kind in _UNREAD:
            self.unread.append(_UNREAD[kind])
        elif isinstance(kind, str) and kind.endswith("_output"):
            self._answered(path, item)
        else:
            for name in _ASKED:
                self.free(TOOL_CALL, (*path, name), item.get(name))
            self._answered(path, item)

    def _answered(self, path: Path, item: Node) -> None:
        for name in _ANSWERED:
            value = item.get(name)
            if isinstance(value, dict) and cast(Node, value).get("type") in _UNREAD:
                self.unread.append(_UNREAD[cast(Node, value)["type"]])
            elif isinstance(value, list):
                self.parts("tool", (*path, name), cast(object, value))
            else:
                self.free("tool", (*path, name), cast(object, value))

    def definitions(self, path: Path, node: object) -> None:
        """What tools and answer formats say of themselves."""
        if isinstance(node, dict):
            for key, value in cast(Node, node).items():
                if key == "description" and isinstance(value, str):
                    self.say(DEFINITION, (*path, key), value)
                else:
                    self.definitions((*path, key), value)
        elif isinstance(node, list):
            for index, value in enumerate(cast(list[Any], node)):
                self.definitions((*path, index), value)


def _member(node: object, name: str) -> Any:
    return cast(Node, node).get(name) if isinstance(node, dict) else None


def _list(node: object) -> list[Any]:
    return cast(list[Any], node) if isinstance(node, list) else []


def _each(node: object) -> list[tuple[int, Node]]:
    return [(index, cast(Node, each)) for index, each in enumerate(_list(node)) if isinstance(each, dict)]


def _chat(walk: Walk, body: Node) -> None:
    for index, message in _each(body.get("messages")):
        walk.message(("messages", index), message, "user")
    for name in ("tools", "functions", "response_format"):
        if name in body:
            walk.definitions((name,), body[name])
    walk.parts("assistant", ("prediction", "content"), _member(body.get("prediction"), "content"))


def _completions(walk: Walk, body: Node) -> None:
    _plain_or_tokens(walk, ("prompt",), body.get("prompt"))
    walk.say("user", ("suffix",), body.get("suffix"))


def _embeddings(walk: Walk, body: Node) -> None:
    _plain_or_tokens(walk, ("input",), body.get("input"))


def _plain_or_tokens(walk: Walk, path: Path, node: object) -> None:
    walk.parts("user", path, node)
    if any(isinstance(each, int | list) for each in _list(node)):
        walk.unread.append("tokens")


def _messages(walk: Walk, body: Node) -> None:
    walk.parts("system", ("system",), body.get("system"))
    for index, message in _each(body.get("messages")):
        role = ROLES.get(message.get("role", ""), "user")
        walk.parts(role, ("messages", index, "content"), message.get("content"))
    for name in ("tools", "output_config", "output_format"):
        if name in body:
            walk.definitions((name,), body[name])


def _responses(walk: Walk, body: Node) -> None:
    walk.parts("system", ("instructions",), body.get("instructions"))
    given = body.get("input")
    walk.say("user", ("input",), given)
    for index, item in _each(given):
        walk.item(("input", index), item, "user")
    walk.free("user", ("prompt", "variables"), _member(body.get("prompt"), "variables"))
    for name in ("tools", "text"):
        if name in body:
            walk.definitions((name,), body[name])


def _google(walk: Walk, body: Node, path: Path = ()) -> None:
    inner = body.get("generateContentRequest")
    if isinstance(inner, dict):
        _google(walk, cast(Node, inner), ("generateContentRequest",))
    for name in ("systemInstruction", "system_instruction"):
        walk.parts("system", (*path, name, "parts"), _member(body.get(name), "parts"))
    for index, content in _each(body.get("contents")):
        role = ROLES.get(content.get("role", ""), "user")
        walk.parts(role, (*path, "contents", index, "parts"), content.get("parts"))
    for name in ("tools", "generationConfig", "generation_config"):
        if name in body:
            walk.definitions((*path, name), body[name])
    if body.get("cachedContent") or body.get("cached_content"):
        walk.unread.append("stored content")


def _anything(walk: Walk, body: Node) -> None:
    """A body of no wire of ours: read as the wire it looks like, or every string in it."""
    if isinstance(body.get("messages"), list):
        _messages(walk, body) if "system" in body or "anthropic_version" in body else _chat(walk, body)
    elif isinstance(body.get("contents"), list):
        _google(walk, body)
    else:
        walk.free("user", (), body)


Walker = Callable[[Walk, Node], None]

REQUESTS: Mapping[str, Walker] = MappingProxyType({
    "openai.chat": _chat, "openai.completions": _completions, "openai.embeddings": _embeddings,
    "anthropic.messages": _messages, "anthropic.count_tokens": _messages, "openai.responses": _responses,
    "google.generate": _google, "google.count_tokens": _google, "passthrough": _anything,
})  # fmt: skip


def _chat_reply(walk: Walk, body: Node) -> None:
    for index, choice in _each(body.get("choices")):
        message = choice.get("message")
        if isinstance(message, dict):
            walk.message(("choices", index, "message"), cast(Node, message), "assistant")


def _completions_reply(walk: Walk, body: Node) -> None:
    for index, choice in _each(body.get("choices")):
        walk.say("assistant", ("choices", index, "text"), choice.get("text"))


def _messages_reply(walk: Walk, body: Node) -> None:
    walk.parts("assistant", ("content",), body.get("content"))


def _responses_reply(walk: Walk, body: Node) -> None:
    for index, item in _each(body.get("output")):
        walk.item(("output", index), item, "assistant")


def _google_reply(walk: Walk, body: Node) -> None:
    for index, candidate in _each(body.get("candidates")):
        parts = _member(candidate.get("content"), "parts")
        walk.parts("assistant", ("candidates", index, "content", "parts"), parts)


def _any_reply(walk: Walk, body: Node) -> None:
    if isinstance(body.get("choices"), list):
        _chat_reply(walk, body)
        _completions_reply(walk, body)
    elif isinstance(body.get("candidates"), list):
        _google_reply(walk, body)
    elif isinstance(body.get("output"), list):
        _responses_reply(walk, body)
    elif isinstance(body.get("content"), list):
        _messages_reply(walk, body)
    else:
        walk.free("assistant", (), body)


def _nothing(walk: Walk, body: Node) -> None:
    """Answers without a text: vectors, counts."""


REPLIES: Mapping[str, Walker] = MappingProxyType({
    "openai.chat": _chat_reply, "openai.completions": _completions_reply, "openai.embeddings": _nothing,
    "anthropic.messages": _messages_reply, "anthropic.count_tokens": _nothing, "openai.responses": _responses_reply,
    "google.generate": _google_reply, "google.count_tokens": _nothing, "passthrough": _any_reply,
})  # fmt: skip
