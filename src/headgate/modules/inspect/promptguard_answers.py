"""The way back of promptguard: personal data in answers, and placeholders that become what they stand for."""

from __future__ import annotations

from collections import Counter
from functools import partial

from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, StreamFilter
from headgate.govern.guardrails.hot import (
    PROMPTGUARD,
    Verdict,
    count_personal,
    mask_reply,
    mask_stream,
    note_verdict,
    refuse,
    restore_reply,
    restore_stream,
)

SEEN = "promptguard.answer"


class Config(ModuleConfig):
    """It does what `promptguard` is configured to do, and nothing without it."""


class PromptGuardAnswers(Module[Config]):
    spec = Spec(
        "promptguard_answers",
        "safety",
        Phase.INSPECT,
        "Does for answers what promptguard says: redacts personal data, puts redacted values back.",
    )
    Config = Config

    @override
    def on_reply(self, call: Call, reply: Reply) -> None:
        if PROMPTGUARD not in call.notes:
            return
        call.notes[SEEN] = True
        values, wish = call.notes[PROMPTGUARD]
        if wish is not None:
            wanted, action = wish
            change = action == "redact" and not call.observing
            _told(call, action, mask_reply(call, reply, wanted, (values or {}) if change else None))
        if values:
            restore_reply(call, reply, values)

    @override
    def stream_filter(self, call: Call) -> StreamFilter | None:
        if PROMPTGUARD not in call.notes:
            return None
        values, wish = call.notes[PROMPTGUARD]
        filters: list[StreamFilter] = []
        if wish is not None and wish[1] != "flag" and not call.observing:
            filters.append(mask_stream(call, wish[0], partial(_told, call, wish[1]), values or {}))
        if values:
            filters.append(restore_stream(call, values))
        if not filters:
            return None
        call.notes[SEEN] = True
        return filters[0] if len(filters) == 1 else Row(filters)

    @override
    def on_done(self, call: Call, reply: Reply) -> None:
        if PROMPTGUARD not in call.notes or not call.view.stream or SEEN in call.notes:
            return
        _, wish = call.notes[PROMPTGUARD]
        if wish is not None:
            _told(call, "flag", count_personal(call, reply, wish[0]))


class Row(StreamFilter):
    """Filters one after the other."""

    def __init__(self, filters: list[StreamFilter]) -> None:
        self._filters = filters

    @override
    def feed(self, events: list[bytes]) -> list[bytes]:
        for each in self._filters:
            events = each.feed(events)
        return events

    @override
    def finish(self) -> list[bytes]:
        events: list[bytes] = []
        for each in self._filters:
            events = each.feed(events) + each.finish()
        return events


def _told(call: Call, action: str, kinds: Counter[str]) -> None:
    if not kinds:
        return
    done = "log" if action == "flag" or call.observing else action
    verdict = Verdict("promptguard", "pii", done, "response", ", ".join(sorted(kinds)), kinds.total())
    note_verdict(call, verdict)
    if action == "block":
        refuse(verdict)
