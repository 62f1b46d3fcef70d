"""Add the pieces of the operator's own texts that share most words with the question."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Tools
from headgate.modules.templates import render
from headgate.wire.conversation import messages, new_message, set_messages, set_system_text, system_text
from headgate.wire.texts import request_texts

CHARS_PER_TOKEN = 4
MAX_CHUNKS = 20_000
_WORD = re.compile(r"\w{2,}")


class Source(BaseModel):
    """One text, cut into chunks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100, description="How the run calls it.")
    content: str = Field(max_length=1_000_000, description="The text.")
    chunk_size: int = Field(500, ge=50, le=10_000, description="Characters of a chunk.")
    overlap: int = Field(
        50, ge=0, le=5_000, description="Characters that a chunk shares with the one before it."
    )


class Config(ModuleConfig):
    enabled: bool = False
    sources: tuple[Source, ...] = Field((), max_length=100, description="The texts that are searched.")
    max_tokens: int = Field(2000, ge=1, le=200_000, description="So much is added at most, estimated.")
    min_score: float = Field(
        0.1, ge=0, le=1, description="The share of the question's words a chunk needs, by weight."
    )
    position: Literal["before_user", "system"] = Field("before_user", description="Where it is put.")
    template: str = Field("Context:\n{{context}}", max_length=10_000, description="How it is introduced.")


class _Chunk(NamedTuple):
    source: str
    number: int
    text: str
    words: frozenset[str]


class ContextPack(Module[Config]):
    spec = Spec(
        "contextpack",
        "transform",
        Phase.SHAPE,
        "Adds the pieces of given texts that fit the question.",
        ("context_pack",),
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._chunks = [chunk for source in config.sources for chunk in _cut(source)][:MAX_CHUNKS]
        held = Counter(word for chunk in self._chunks for word in chunk.words)
        self._weight = {word: math.log(1 + len(self._chunks) / count) for word, count in held.items()}

    @override
    def on_request(self, call: Call) -> Reply | None:
        question = next((each.text for each in reversed(request_texts(call)) if each.role == "user"), "")
        chosen = self._ranked(question)
        if not chosen:
            return None
        context = "\n\n".join(chunk.text for chunk, _ in chosen)
        text = render(self.config.template, {"context": context}, max_chars=10_000_000)
        if not self._put(call, text):
            return None
        call.explanation["contextpack"] = [
            {"source": chunk.source, "chunk": chunk.number, "score": round(score, 3)}
            for chunk, score in chosen
        ]
        call.notes["prompt.changed"] = True
        return None

    def _ranked(self, question: str) -> list[tuple[_Chunk, float]]:
        """The best chunks for the question that there is room for, best first."""
        words = set(_WORD.findall(question.lower())) & self._weight.keys()
        whole = sum(self._weight[word] for word in words)
        if not whole:
            return []
        scored = [
            (chunk, sum(self._weight[word] for word in words & chunk.words) / whole) for chunk in self._chunks
        ]
        room = self.config.max_tokens * CHARS_PER_TOKEN
        chosen: list[tuple[_Chunk, float]] = []
        for chunk, score in sorted(scored, key=lambda pair: -pair[1]):
            if score < self.config.min_score or score == 0:
                break
            if len(chunk.text) > room:
                continue
            room -= len(chunk.text)
            chosen.append((chunk, score))
        return chosen

    def _put(self, call: Call, text: str) -> bool:
        if self.config.position == "system":
            before = system_text(call)
            return set_system_text(call, f"{before}\n\n{text}" if before else text)
        said = messages(call)
        last = next((at for at in reversed(range(len(said))) if said[at].role == "user"), None)
        if last is None:
            return False
        set_messages(call, [*said[:last], new_message(call, "user", text), *said[last:]])
        return True


def _cut(source: Source) -> list[_Chunk]:
    step = max(source.chunk_size - source.overlap, 1)
    pieces = [
        source.content[at : at + source.chunk_size]
        for at in range(0, max(len(source.content) - source.overlap, 1), step)
    ]
    return [
        _Chunk(source.name, number, piece, frozenset(_WORD.findall(piece.lower())))
        for number, piece in enumerate(pieces[:MAX_CHUNKS])
        if piece.strip()
    ]
