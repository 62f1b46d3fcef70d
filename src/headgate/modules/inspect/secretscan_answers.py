"""Look for keys, tokens and passwords in what comes back from a provider, whole or streamed, on every wire."""

from __future__ import annotations

from collections import Counter

from pydantic import Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, StreamFilter
from headgate.govern.guardrails.hot import (
    Action,
    SecretFilter,
    count_stream,
    judge,
    may_hold,
    note,
    redact_answer,
)

SEEN = "secretscan.answer"


class Config(ModuleConfig):
    action: Action = Field(
        "flag",
        description="flag: note kind and number. redact: replace the secret in the answer. block: refuse the answer.",
    )


class SecretScanAnswers(Module[Config]):
    spec = Spec(
        "secretscan_answers",
        "safety",
        Phase.INSPECT,
        "Finds secrets in answers before they reach the client.",
    )
    Config = Config

    @override
    def on_reply(self, call: Call, reply: Reply) -> None:
        call.notes[SEEN] = True
        if may_hold(reply.body):
            changes = self.config.action == "redact" and not call.observing
            if found := redact_answer(reply, change=changes):
                judge(call, "answer", found, self.config.action)

    @override
    def stream_filter(self, call: Call) -> StreamFilter | None:
        """Flagging costs a stream nothing: it is scanned once, at its end."""
        if self.config.action == "flag" or call.observing:
            return None
        call.notes[SEEN] = True

        def found(kinds: Counter[str]) -> None:
            judge(call, "answer", kinds, self.config.action)

        return SecretFilter(found, call.wire)

    @override
    def on_done(self, call: Call, reply: Reply) -> None:
        if not call.view.stream or SEEN in call.notes or not reply.body:
            return
        if found := count_stream(call.wire, reply.body):
            note(call, "answer", found)
