"""What guards found, put on the call: it travels with the run's frame, and the drain makes events, sums and ledger rows of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple

from headgate.call.call import Call
from headgate.govern.guardrails.rules import Match, Rule
from headgate.kernel.errors import GatewayError
from headgate.wire.hold_back import Edit

Side = Literal["request", "response"]
VERDICTS = "guardrails"  # in the run's explanation
MATCH_CHARS = 200
MAX_VERDICTS = 100  # on one call


class GuardrailBlocked(GatewayError):
    """A rule on content refused a call or an answer. `detail["rule"]` says which."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "guardrail_blocked"
    kind: ClassVar[str] = "permission_error"


class Verdict(NamedTuple):
    """What one rule came to on one side of a call. `named`: a rule of the tenant's, not a module."""

    rule: str
    type: str
    action: str
    side: Side
    match: str = ""
    matches: int = 1
    named: bool = False


def note(call: Call, verdict: Verdict) -> None:
    """Put a verdict on record. The same rule on the same side is counted up."""
    known: list[dict[str, Any]] = call.explanation.setdefault(VERDICTS, [])
    for each in known:
        if (each["rule"], each["side"], each["action"]) == (verdict.rule, verdict.side, verdict.action):
            each["matches"] += verdict.matches
            return
    if len(known) < MAX_VERDICTS:
        known.append(verdict._asdict())


def not_scanned(call: Call, module: str, side: Side, what: Sequence[str]) -> None:
    """Say that a guard could not read something: on the run and in the warnings."""
    known: dict[str, list[str]] = call.explanation.setdefault("not_scanned", {})
    at = f"{module}.{side}"
    new = [each for each in what if each not in known.get(at, ())]
    if new:
        known[at] = known.get(at, []) + new
        call.warn(f"{module}: not_scanned in the {side}: {', '.join(new)}")


def mark(name: str) -> str:
    """What stands in the place of what a rule took out."""
    return f"[redacted:{name}]"


def masked(text: str) -> str:
    """Enough of a match to recognise it by, not enough to use it: its first and last character, and its length."""
    text = text[:MATCH_CHARS]
    return text if len(text) < 2 else text[0] + "*" * (len(text) - 2) + (text[-1] if len(text) > 4 else "*")


def shown(rule: Rule, text: str) -> str:
    """What an event shows of a match: personal data and what is taken out are masked."""
    hide = rule.type == "pii" or rule.action == "redact"
    return masked(text) if hide else text[:MATCH_CHARS]


def edits(matches: Sequence[Match]) -> list[Edit]:
    """What redaction does to a text: earlier rules come first, and nothing is taken out twice."""
    chosen: list[Edit] = []
    for match in matches:
        if match.rule.action == "redact" and not any(
            match.start < edit.end and edit.start < match.end for edit in chosen
        ):
            chosen.append(Edit(match.start, match.end, mark(match.rule.name)))
    return sorted(chosen)


def apply(text: str, changes: Sequence[Edit]) -> str:
    """`text` with `changes`, which are in order and do not overlap."""
    for edit in reversed(changes):
        text = text[: edit.start] + edit.new + text[edit.end :]
    return text


def refuse(verdict: Verdict) -> None:
    """Refuse the call; the chain turns the refusal of an observe key into a note."""
    raise GuardrailBlocked(
        f"The {'request' if verdict.side == 'request' else 'answer'} was blocked by the guardrail {verdict.rule!r}.",
        rule=verdict.rule, rule_type=verdict.type, direction=verdict.side,
    )  # fmt: skip


def refuse_unread(module: str, what: Sequence[str]) -> None:
    """Refuse a call of which something could not be read."""
    raise GuardrailBlocked(
        f"The request holds what {module} cannot read: {', '.join(what)}.",
        rule=module,
        verdict="not_scanned",
        unread=list(what),
    )
