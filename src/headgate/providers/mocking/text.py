"""Texts of the mock provider, their tokens, and what a prompt says."""

from __future__ import annotations

import math
import re
from typing import Any, cast

from headgate.kernel import json
from headgate.providers.mocking.dice import Dice

Fields = dict[str, Any]

CHARS_PER_TOKEN = 4
IMAGE_TOKENS = 85  # of an image in low detail
MESSAGE_TOKENS = 4  # what the format of one message costs
_QUOTED_CHARS = 80
_TOKEN = re.compile(r"\s*\S{1,4}|\s+")
_SENTENCES = (
    "A short plan usually beats a long argument.",
    "The first step is to write down what is already known.",
    "Three things matter here: the input, the rule and the check.",
    "Measure once before you change anything, and once after.",
    "Most of the cost sits in work that is done twice.",
    "If two sources disagree, keep both and say so.",
    "A small example makes the general case easier to see.",
    "The answer depends on the context, so state the context first.",
    "Nothing in this text was made by a model.",
    "It helps to name the parts before moving them.",
    "Keep the result close to the question that asked for it.",
    "Write the test first when the rule is simple to say.",
)


def tokens_of(text: str) -> list[str]:
    """`text` in pieces of about four characters, as the mock counts, streams and cuts it."""
    return _TOKEN.findall(text)


def estimate(text: str) -> int:
    """Tokens of a text, by its length."""
    return math.ceil(len(text) / CHARS_PER_TOKEN)


def sentences(dice: Dice, topic: str) -> str:
    """A few sentences about `topic`."""
    quoted = " ".join(topic.split())
    if len(quoted) > _QUOTED_CHARS:
        quoted = quoted[:_QUOTED_CHARS].rstrip() + "..."
    opening = f'This is a mock answer to "{quoted}".' if quoted else "This is a mock answer."
    start = dice.below(len(_SENTENCES))
    count = 2 + dice.below(4)
    return " ".join([opening, *(_SENTENCES[(start + 5 * step) % len(_SENTENCES)] for step in range(count))])


def content_text(content: Any) -> str:
    """The text of a message's content, its text parts joined."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [cast(Fields, part) for part in cast("list[Any]", content) if isinstance(part, dict)]
    return " ".join(str(part["text"]) for part in parts if isinstance(part.get("text"), str))


def prompt_tokens(body: Fields) -> int:
    """What the prompt of a chat costs: its messages, images and tools."""
    total = 3
    for message in dicts(body.get("messages")):
        total += MESSAGE_TOKENS + estimate(content_text(message.get("content")))
        total += IMAGE_TOKENS * sum(part.get("type") == "image_url" for part in dicts(message.get("content")))
        total += estimate_json(message.get("tool_calls"))
    return total + estimate_json(body.get("tools")) + estimate_json(body.get("functions"))


def estimate_json(value: Any) -> int:
    """Tokens of a value written as JSON; none for an absent one."""
    return 0 if not value else math.ceil(len(json.encode(value)) / CHARS_PER_TOKEN)


def last_text(body: Fields, *, role: str) -> str:
    """The text of the last message of `role`."""
    for message in reversed(dicts(body.get("messages"))):
        if message.get("role") == role:
            return content_text(message.get("content"))
    return ""


def last_message(body: Fields) -> Fields:
    messages = dicts(body.get("messages"))
    return messages[-1] if messages else {}


def dicts(value: Any) -> list[Fields]:
    """The objects in a list; none when it is no list."""
    if not isinstance(value, list):
        return []
    return [cast(Fields, item) for item in cast("list[Any]", value) if isinstance(item, dict)]


def cut(text: str, *, stop: Any, limit: int | None) -> tuple[str, str]:
    """`text` ended at the first stop sequence and after `limit` tokens, and its finish reason."""
    stops = (
        [stop]
        if isinstance(stop, str)
        else [each for each in cast("list[Any]", stop or []) if isinstance(each, str)]
    )
    ends = [at for each in stops if each and (at := text.find(each)) >= 0]
    if ends:
        text = text[: min(ends)]
    pieces = tokens_of(text)
    if limit is not None and len(pieces) > limit:
        return "".join(pieces[:limit]), "length"
    return text, "stop"
