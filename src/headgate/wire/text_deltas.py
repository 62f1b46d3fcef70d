"""The texts in the events of a stream: which channel each belongs to, so that what is cut into pieces can be read as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, cast

from headgate.wire.text_walks import DEFINITION, REPLIES, THINKING, TOOL_CALL, Node, Path, Walk

Channel = tuple[str | int, ...]


class Delta(NamedTuple):
    """A piece of the text of `channel`, at `path` in the event. `whole`: complete in itself, nothing comes before or after."""

    channel: Channel
    path: Path
    text: str
    role: str = "assistant"
    whole: bool = False


_ROLES = MappingProxyType({
    "reasoning": THINKING, "reasoning_content": THINKING, "reasoning_details": THINKING, "thinking_blocks": THINKING,
    "tool_calls": TOOL_CALL, "function_call": TOOL_CALL,
})  # fmt: skip
_NO_TEXT = frozenset(
    {"role", "type", "id", "name", "index", "signature", "encrypted_content", "data", "format"}
)
_SAID_AT_END = ("text", "arguments", "refusal", "input", "code", "transcript")


def _each(node: object) -> list[Node]:
    return (
        [cast(Node, each) for each in cast(list[Any], node) if isinstance(each, dict)]
        if isinstance(node, list)
        else []
    )


def _chat(tree: Node) -> list[Delta]:
    found: list[Delta] = []
    for at, choice in enumerate(_each(tree.get("choices"))):
        delta = choice.get("delta")
        if isinstance(delta, dict):
            _choice(found, ("choices", at, "delta"), cast(Node, delta), choice.get("index", at))
        else:
            _add(found, (choice.get("index", at), "text"), ("choices", at, "text"), choice.get("text"))
    return found


def _choice(found: list[Delta], path: Path, delta: Node, index: int) -> None:
    """Every text in the delta of a choice, also those of providers' own making."""
    for name, value in delta.items():
        if name not in _NO_TEXT:
            channel = (index, "tool" if name == "tool_calls" else name)
            _any(found, channel, (*path, name), cast(object, value), _ROLES.get(name, "assistant"))


def _any(found: list[Delta], channel: Channel, path: Path, value: object, role: str) -> None:
    if isinstance(value, str):
        _add(found, channel, path, value, role)
    elif isinstance(value, dict):
        for name, inner in cast(Node, value).items():
            if name not in _NO_TEXT:
                _any(found, (*channel, name), (*path, name), inner, role)
    elif isinstance(value, list):
        for at, each in enumerate(cast(list[Any], value)):
            number: Any = cast(Node, each).get("index", at) if isinstance(each, dict) else at
            _any(found, (*channel, number), (*path, at), cast(object, each), role)


def _add(found: list[Delta], channel: Channel, path: Path, text: object, role: str = "assistant") -> None:
    if isinstance(text, str) and text:
        found.append(Delta(channel, path, text, role))


_ANTHROPIC_DELTAS = (
    ("text", "assistant"),
    ("thinking", THINKING),
    ("partial_json", TOOL_CALL),
)


def _messages(tree: Node) -> list[Delta]:
    kind, index = tree.get("type"), tree.get("index", 0)
    found: list[Delta] = []
    if kind == "content_block_delta":
        delta = tree.get("delta")
        for name, role in _ANTHROPIC_DELTAS if isinstance(delta, dict) else ():
            _add(found, (index, name), ("delta", name), cast(Node, delta).get(name), role)
        if isinstance(delta, dict) and cast(Node, delta).get("type") == "citations_delta":
            found += _whole("passthrough", cast(Node, delta), ("delta",), "cited_text")
    elif kind == "content_block_start" and isinstance(tree.get("content_block"), dict):
        block = cast(Node, tree["content_block"])
        if block.get("type") in ("text", "thinking"):
            name = cast(str, block["type"])
            _add(
                found, (index, name), ("content_block", name), block.get(name), dict(_ANTHROPIC_DELTAS)[name]
            )
        else:
            walk = Walk()
            walk.part("assistant", ("content_block",), block)
            found += [Delta((), text.path, text.text, text.role, whole=True) for text in walk.texts]
    return found


def _whole(wire: str, node: Node, path: Path, only: str = "") -> list[Delta]:
    """Texts that come in one piece: the whole answer at the end of a stream, an item, a citation."""
    walk = Walk()
    REPLIES[wire](walk, node)
    return [
        Delta((), (*path, *text.path), text.text, text.role, whole=True)
        for text in walk.texts
        if text.role != DEFINITION and (not only or text.path[-1] == only)
    ]


def _responses(tree: Node) -> list[Delta]:
    kind = tree.get("type")
    if not isinstance(kind, str):
        return []
    found: list[Delta] = []
    role = _role_of(kind)
    if kind.endswith(".delta"):
        channel = (kind, tree.get("output_index", 0), tree.get("content_index", tree.get("summary_index", 0)))
        _add(found, channel, ("delta",), tree.get("delta"), role)
        return found
    if isinstance(tree.get("response"), dict):
        return _whole("openai.responses", cast(Node, tree["response"]), ("response",))
    walk = Walk()
    if isinstance(tree.get("item"), dict):
        walk.item(("item",), cast(Node, tree["item"]), "assistant")
    if isinstance(tree.get("part"), dict):
        walk.part(role, ("part",), cast(Node, tree["part"]))
    if kind.endswith(".done"):
        for name in _SAID_AT_END:
            walk.say(role, (name,), tree.get(name))
    return [Delta((), text.path, text.text, text.role, whole=True) for text in walk.texts]


def _role_of(kind: str) -> str:
    """Who says what comes in the events of this kind."""
    if ".reasoning" in kind:
        return THINKING
    return (
        "assistant"
        if any(word in kind for word in ("text", "refusal", "transcript", "content_part"))
        else TOOL_CALL
    )


def _google(tree: Node) -> list[Delta]:
    found: list[Delta] = []
    for at, candidate in enumerate(_each(tree.get("candidates"))):
        content = candidate.get("content")
        index = candidate.get("index", at)
        for place, part in enumerate(
            _each(cast(Node, content).get("parts")) if isinstance(content, dict) else []
        ):
            path: Path = ("candidates", at, "content", "parts", place)
            text = part.get("text")
            if isinstance(text, str):
                role = THINKING if part.get("thought") is True else "assistant"
                _add(found, (index, role), (*path, "text"), text, role)
            else:
                walk = Walk()
                walk.part("assistant", path, part)
                found += [Delta((), each.path, each.text, each.role, whole=True) for each in walk.texts]
    return found


DELTAS: Mapping[str, Callable[[Node], list[Delta]]] = MappingProxyType({
    "openai.chat": _chat, "openai.completions": _chat, "anthropic.messages": _messages,
    "openai.responses": _responses, "google.generate": _google,
})  # fmt: skip


def delta_texts(wire: str, event_tree: object) -> list[Delta]:
    """The pieces of text in the decoded data of one event of a stream of `wire`."""
    if not isinstance(event_tree, dict):
        return []
    tree = cast(Node, event_tree)
    if (read := DELTAS.get(wire)) is not None:
        return read(tree)
    if "choices" in tree:
        return _chat(tree)
    if "candidates" in tree:
        return _google(tree)
    return _responses(tree) if str(tree.get("type", "")).startswith("response.") else _messages(tree)


def drop_spelling(event_tree: object) -> None:
    """Take out what would spell a changed text once more: the log probabilities of its tokens."""
    if not isinstance(event_tree, dict):
        return
    tree = cast(Node, event_tree)
    for choice in _each(tree.get("choices")):
        if choice.get("logprobs") is not None:
            choice["logprobs"] = None
    for candidate in _each(tree.get("candidates")):
        candidate.pop("logprobsResult", None)
    if "logprobs" in tree:
        tree["logprobs"] = []


def closed_by(event_tree: object) -> list[Channel]:
    """The channels, by the beginning of their names, to which nothing is added after this event."""
    if not isinstance(event_tree, dict):
        return []
    tree = cast(Node, event_tree)
    kind = tree.get("type")
    if kind == "content_block_stop":
        return [(tree.get("index", 0),)]
    if isinstance(kind, str) and kind.startswith("response.") and kind.endswith(".done"):
        place = (tree.get("output_index", 0), tree.get("content_index", tree.get("summary_index", 0)))
        return [(kind.removesuffix(".done") + ".delta", *place)]
    ended = [each for each in _each(tree.get("choices")) if each.get("finish_reason")]
    ended += [each for each in _each(tree.get("candidates")) if each.get("finishReason")]
    return [(each.get("index", 0),) for each in ended]
