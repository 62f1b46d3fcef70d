"""Cut what a model says at the end of a sentence once it is longer than allowed."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, StreamFilter
from headgate.wire.hold_back import HoldBackFilter
from headgate.wire.sentences import Cut, sentence_end
from headgate.wire.texts import reply_texts, rewrite_reply

NAME = "outputcap"


class Config(ModuleConfig):
    enabled: bool = False
    max_chars: int = Field(
        4000,
        ge=1,
        le=10_000_000,
        description="Characters of each text that leave; tool calls and thinking are not cut.",
    )


class OutputCap(Module[Config]):
    spec = Spec(NAME, "transform", Phase.INSPECT, "Cuts long answers at the end of a sentence, streams too.")
    Config = Config

    @override
    def on_reply(self, call: Call, reply: Reply) -> None:
        limit = self.config.max_chars
        if call.observing or len(reply.body) <= limit:
            return
        changes = {
            text.path: text.text[: sentence_end(text.text, limit)]
            for text in reply_texts(call, reply)
            if text.role == "assistant" and not text.sealed and len(text.text) > limit
        }
        if changes:
            rewrite_reply(call, reply, changes)
            _told(call, limit)

    @override
    def stream_filter(self, call: Call) -> StreamFilter | None:
        if call.observing:
            return None
        limit = self.config.max_chars
        return HoldBackFilter(call.wire, Cut(limit, lambda: _told(call, limit)), name=NAME)


def _told(call: Call, limit: int) -> None:
    if NAME not in call.explanation:
        call.explanation[NAME] = {"max_chars": limit}
        call.warn(f"{NAME}: the answer was cut at {limit} characters")
