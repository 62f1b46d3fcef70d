"""Say the same in fewer characters: blanks, and with a higher setting filler words. Code blocks are left alone."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec
from headgate.wire.texts import request_texts, rewrite_request

FENCE = "```"
_BLANKS = re.compile(r"(?<=\S)[ \t]{2,}(?=\S)")
_TRAILING = re.compile(r"[ \t]+(?=\n|$)")
_LINES = re.compile(r"\n{3,}")
_POLITE = re.compile(r"\b(?:please|kindly|basically|actually|really|very|just|simply)\b[ \t]*", re.IGNORECASE)
_PHRASES = re.compile(
    r"\b(?:I would like you to|I want you to|could you|can you|would you|make sure (?:to|that you)|in order to(?= \w))\b[ \t]*",
    re.IGNORECASE,
)


class Config(ModuleConfig):
    enabled: bool = False
    aggressiveness: float = Field(
        0.3,
        ge=0,
        le=1,
        description="Below 0.3 only blanks and empty lines; from 0.3 filler words; from 0.7 polite phrases too.",
    )
    roles: tuple[Literal["system", "user"], ...] = Field(("user",), description="Whose texts are shortened.")
    min_chars: int = Field(500, ge=0, description="Shorter texts are left alone.")


class PromptSlim(Module[Config]):
    spec = Spec("promptslim", "cost", Phase.SHAPE, "Shortens prompts without code in them.", ("prompt_slim",))
    Config = Config

    @override
    def on_request(self, call: Call) -> Reply | None:
        if len(call.body) < self.config.min_chars or call.wire == "openai.embeddings":
            return None
        changes: dict[tuple[str | int, ...], str] = {}
        saved = 0
        for text in request_texts(call):
            if text.role in self.config.roles and not text.sealed and len(text.text) >= self.config.min_chars:
                shorter = slim(text.text, self.config.aggressiveness)
                if len(shorter) < len(text.text):
                    changes[text.path] = shorter
                    saved += len(text.text) - len(shorter)
        if changes:
            rewrite_request(call, changes)
            call.explanation["promptslim"] = {"texts": len(changes), "charactersSaved": saved}
            call.warn(f"promptslim took {saved} characters out of the prompt")
        return None


def slim(text: str, aggressiveness: float) -> str:
    """`text` without what can be spared, outside of code fences."""
    pieces = text.split(FENCE)
    return FENCE.join(
        piece if number % 2 else _slim(piece, aggressiveness) for number, piece in enumerate(pieces)
    )


def _slim(text: str, aggressiveness: float) -> str:
    text = _LINES.sub("\n\n", _TRAILING.sub("", _BLANKS.sub(" ", text)))
    if aggressiveness >= 0.3:
        text = _POLITE.sub("", text)
    if aggressiveness >= 0.7:
        text = _PHRASES.sub("", text)
    return text
