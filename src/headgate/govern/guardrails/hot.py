"""What modules use of the guardrails: scanning for secrets, the stream filter, and the refusal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import ClassVar, Literal

from headgate.call.call import Call
from headgate.govern.guardrails.secrets import NAMES, compiled, count_json, may_hold, redact_json
from headgate.govern.guardrails.streams import SecretFilter
from headgate.kernel.errors import GatewayError

__all__ = [
    "NAMES",
    "Action",
    "GuardrailBlocked",
    "SecretFilter",
    "count_json",
    "judge",
    "may_hold",
    "note",
    "redact_json",
    "stream_text",
]

Action = Literal["flag", "redact", "block"]
Side = Literal["request", "answer"]

CONTENT, CONTENT_SPACED = b'"content":"', b'"content": "'
_NOT_PLAIN = compiled(rb'\\"|"(?:arguments|text|refusal|reasoning)[a-z_]*"\s*:\s*"')
_TEXT = re.compile(
    rb'"(?:content|arguments|text|refusal|reasoning|reasoning_content)"\s*:\s*"((?:[^"\\]|\\.)*)"', re.DOTALL
)


class GuardrailBlocked(GatewayError):
    """A rule on content refused a call or an answer. `detail["rule"]` says which."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "guardrail_blocked"
    kind: ClassVar[str] = "permission_error"


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
