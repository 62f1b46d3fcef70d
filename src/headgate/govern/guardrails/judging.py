"""Rules applied to a call: its request, its whole answer, its stream, on every wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from headgate.call.call import Call, Reply
from headgate.govern.guardrails.rules import Match, Rule, RuleAction, RuleSet, RuleType
from headgate.govern.guardrails.verdicts import (
    Side,
    Verdict,
    apply,
    edits,
    not_scanned,
    note,
    refuse,
    refuse_unread,
    shown,
)
from headgate.wire.hold_back import MAX_HELD_BYTES, MAX_WHOLE_BYTES, Edit, HoldBackFilter, WindowScanner
from headgate.wire.texts import (
    Path,
    Text,
    read_reply,
    read_request,
    rewrite_reply,
    rewrite_request,
    stream_texts,
)

ENDS_OR_CHANGES = frozenset({"block", "redact"})
MODULE = "guardrails"


def rule_set(patterns: Mapping[str, tuple[str, RuleAction]], kind: RuleType) -> RuleSet:
    """Rules of a module's own: pattern and action by name. Raises BadPattern."""
    return RuleSet(
        [
            Rule(id=name, name=name, pattern=pattern, type=kind, action=action)
            for name, (pattern, action) in patterns.items()
        ],
        named=False,
    )


def judge_request(call: Call, rules: RuleSet, *, module: str = MODULE, blind: bool = False) -> None:
    """Block, redact, warn, note. What cannot be read is told as not scanned, and refused when `blind`."""
    reading = read_request(call)
    if reading.unread:
        not_scanned(call, module, "request", reading.unread)
        if blind:
            refuse_unread(module, reading.unread)
    changes = _judge(call, rules, "request", reading.texts)
    sealed = {text.path for text in reading.texts if text.sealed}
    rewrite_request(call, {path: text for path, text in changes.items() if path not in sealed})


def judge_reply(call: Call, reply: Reply, rules: RuleSet, *, module: str = MODULE) -> None:
    """The same for a whole answer."""
    reading = read_reply(call, reply)
    if reading.unread:
        not_scanned(call, module, "response", reading.unread)
    rewrite_reply(call, reply, _judge(call, rules, "response", reading.texts))


def judge_stream(call: Call, rules: RuleSet, window: int | None) -> HoldBackFilter | None:
    """A filter that does the same for a stream; None when the rules only look, for which its end is early enough."""
    if call.observing or not rules.actions(call.project) & ENDS_OR_CHANGES:
        return None

    def find(_role: str, text: str) -> list[Match]:
        return rules.find(text, call.project)

    def settle(text: str, found: list[Match]) -> Sequence[Edit]:
        _conclude(call, "response", rules, [(match.rule, text[match.start : match.end]) for match in found])
        changed = edits(found)
        kept = [Edit(match.start, match.end, text[match.start : match.end]) for match in found]
        for edit in kept:
            if not any(edit.start < other.end and other.start < edit.end for other in changed):
                changed.append(edit)
        return sorted(changed)

    size = MAX_WHOLE_BYTES if window is None else MAX_HELD_BYTES
    return HoldBackFilter(call.wire, WindowScanner(find, settle, window), max_held=size, name=MODULE)


def judge_streamed(call: Call, reply: Reply, rules: RuleSet) -> None:
    """Look at a stream that has ended: for rules that only look."""
    found = [
        (match.rule, text[match.start : match.end])
        for _, text in stream_texts(call.wire, reply.body)
        for match in rules.find(text, call.project)
    ]
    _conclude(call, "response", rules, found)


def _judge(call: Call, rules: RuleSet, side: Side, texts: Sequence[Text]) -> dict[Path, str]:
    """Notes what the rules find in `texts`; returns what the texts become."""
    found = [(text, matches) for text in texts if (matches := rules.find(text.text, call.project))]
    if not found:
        return {}
    _conclude(
        call,
        side,
        rules,
        [(match.rule, text.text[match.start : match.end]) for text, matches in found for match in matches],
    )
    if call.observing:
        return {}
    return {text.path: apply(text.text, some) for text, matches in found if (some := edits(matches))}


def _conclude(call: Call, side: Side, rules: RuleSet, found: Iterable[tuple[Rule, str]]) -> None:
    """Put what was found on record, and refuse when a rule says so."""
    counts: dict[str, tuple[Rule, str, int]] = {}
    for rule, text in found:
        _, first, count = counts.get(rule.id, (rule, text, 0))
        counts[rule.id] = (rule, first, count + 1)
    blocked: Verdict | None = None
    for rule, first, count in sorted(counts.values(), key=lambda each: (-each[0].priority, each[0].id)):
        only_looks = call.observing and rule.action in ENDS_OR_CHANGES
        action = "log" if only_looks else rule.action
        verdict = Verdict(rule.name, rule.type, action, side, shown(rule, first), count, rules.named)
        note(call, verdict)
        if rule.action == "warn":
            call.warn(f"guardrail {rule.name}: {count} {'match' if count == 1 else 'matches'} in the {side}")
        if rule.action == "block" and blocked is None:
            blocked = verdict
    if blocked is not None:
        refuse(blocked)
