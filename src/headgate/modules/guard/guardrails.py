"""Apply the tenant's guardrail rules to what goes out and to what comes back, whole or streamed."""

from __future__ import annotations

from typing import Literal, cast

from pydantic import Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, StreamFilter, Tools
from headgate.govern.guardrails.hot import (
    RuleBook,
    judge_reply,
    judge_request,
    judge_stream,
    judge_streamed,
)

SEEN = "guardrails.answer"


class Config(ModuleConfig):
    unread: Literal["flag", "block"] = Field(
        "flag",
        description="What holds images, audio, files or tokens is not scanned. flag: let it pass and say so. block: refuse it.",
    )
    stream: Literal["window", "whole"] = Field(
        "window",
        description="window: the end of a streamed text is held back. whole: the answer leaves once it is complete and judged.",
    )
    window: int = Field(
        200, ge=1, le=100_000, description="How many characters are held back: no match may be longer."
    )


class Guardrails(Module[Config]):
    spec = Spec(
        "guardrails",
        "safety",
        Phase.GUARD,
        "Applies the rules of `/api/guardrails` to requests and answers.",
        ("guardrail", "guardrail_manager"),
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._book = cast(RuleBook, tools.hot["guardrails"])
        self._window = config.window if config.stream == "window" else None

    @override
    def on_request(self, call: Call) -> Reply | None:
        rules = self._book.of(call.tenant)
        if rules is not None and rules.input is not None:
            judge_request(call, rules.input, blind=self.config.unread == "block")
        return None

    @override
    def on_reply(self, call: Call, reply: Reply) -> None:
        rules = self._book.of(call.tenant)
        if rules is not None and rules.output is not None:
            call.notes[SEEN] = True
            judge_reply(call, reply, rules.output)

    @override
    def stream_filter(self, call: Call) -> StreamFilter | None:
        rules = self._book.of(call.tenant)
        if rules is None or rules.output is None:
            return None
        judge = judge_stream(call, rules.output, self._window)
        if judge is not None:
            call.notes[SEEN] = True
        return judge

    @override
    def on_done(self, call: Call, reply: Reply) -> None:
        """Rules that only look at a stream read it once, at its end."""
        if not call.view.stream or SEEN in call.notes or not reply.body:
            return
        rules = self._book.of(call.tenant)
        if rules is not None and rules.output is not None:
            judge_streamed(call, reply, rules.output)
