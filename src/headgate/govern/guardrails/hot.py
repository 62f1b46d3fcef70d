"""What modules use of the guardrails: rules of tenants, scanning for secrets, filters of streams, verdicts and the refusal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Literal

from headgate.call.call import Call
from headgate.govern.guardrails.answers import count_stream, redact_answer, redact_request
from headgate.govern.guardrails.injection import Sensitivity, score
from headgate.govern.guardrails.judging import (
    judge_reply,
    judge_request,
    judge_stream,
    judge_streamed,
    rule_set,
)
from headgate.govern.guardrails.lists import CODE, TOXIC
from headgate.govern.guardrails.personal import (
    Wanted,
    counted,
    look,
    mask_reply,
    mask_request,
    mask_stream,
    restore_reply,
    restore_stream,
)
from headgate.govern.guardrails.personal import count_stream as count_personal
from headgate.govern.guardrails.pii import KINDS as PERSONAL_KINDS
from headgate.govern.guardrails.pii import Kind as PersonalKind
from headgate.govern.guardrails.rules import BadPattern, RuleAction, RuleBook, RuleSet
from headgate.govern.guardrails.rules import compiled as compiled_pattern
from headgate.govern.guardrails.secrets import NAMES, compiled, count_json, may_hold, redact_json
from headgate.govern.guardrails.streams import SecretFilter
from headgate.govern.guardrails.verdicts import GuardrailBlocked, Verdict, not_scanned, refuse
from headgate.govern.guardrails.verdicts import note as note_verdict

__all__ = [
    "CODE",
    "NAMES",
    "PERSONAL_KINDS",
    "PROMPTGUARD",
    "TOXIC",
    "Action",
    "BadPattern",
    "GuardrailBlocked",
    "PersonalKind",
    "RuleAction",
    "RuleBook",
    "RuleSet",
    "SecretFilter",
    "Sensitivity",
    "Verdict",
    "Wanted",
    "compiled_pattern",
    "count_json",
    "count_personal",
    "count_stream",
    "counted",
    "judge",
    "judge_reply",
    "judge_request",
    "judge_stream",
    "judge_streamed",
    "look",
    "mask_reply",
    "mask_request",
    "mask_stream",
    "may_hold",
    "not_scanned",
    "note",
    "note_verdict",
    "redact_answer",
    "redact_json",
    "redact_request",
    "refuse",
    "restore_reply",
    "restore_stream",
    "rule_set",
    "score",
    "stream_text",
]

PROMPTGUARD = "promptguard"  # the note in which promptguard tells its way back what to do

Action = Literal["flag", "redact", "block"]
Side = Literal["request", "answer"]

CONTENT, CONTENT_SPACED = b'"content":"', b'"content": "'
_NOT_PLAIN = compiled(rb'\\"|"(?:arguments|text|refusal|reasoning)[a-z_]*"\s*:\s*"')
_TEXT = re.compile(
    rb'"(?:content|arguments|text|refusal|reasoning|reasoning_content)"\s*:\s*"((?:[^"\\]|\\.)*)"', re.DOTALL
)


def note(call: Call, side: Side, found: Mapping[str, int]) -> None:
    """Put on record that secrets were found: their kinds and how many, never what they are."""
    known: dict[str, dict[str, int]] = call.explanation.setdefault("secrets", {})
    known[side] = dict(Counter(known.get(side, {})) + Counter(found))
    total = sum(found.values())
    call.warn(
        f"secretscan: {total} {'secret' if total == 1 else 'secrets'} in the {side} ({', '.join(sorted(found))})"
    )


def judge(call: Call, side: Side, found: Mapping[str, int], action: Action) -> None:
    """Note what was found, and refuse when the action says so; the chain turns the refusal of an observe key into a note."""
    note(call, side, found)
    if action != "flag" and not call.observing:
        where: Literal["request", "response"] = "request" if side == "request" else "response"
        kinds = ", ".join(sorted(found))
        note_verdict(call, Verdict("secretscan", "secret", action, where, kinds, sum(found.values())))
    if action == "block":
        raise GuardrailBlocked(
            f"The {side} holds a secret ({', '.join(sorted(found))}).", rule="secretscan", kinds=sorted(found)
        )


def stream_text(sse: bytes) -> bytes:
    """The text of a streamed answer, however it was cut into events, as one JSON string."""
    if _NOT_PLAIN.search(sse) is not None:
        return b'"' + b"".join(_TEXT.findall(sse)) + b'"'
    parts = sse.split(CONTENT)  # the usual stream: much faster than the pattern
    if len(parts) == 1:
        parts = sse.split(CONTENT_SPACED)
    return b'"' + b"".join([part[: part.find(b'"')] for part in parts[1:]]) + b'"'
