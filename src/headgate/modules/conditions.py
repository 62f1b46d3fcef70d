"""What a condition can ask of a call, and how it compares."""

from __future__ import annotations

import operator as operators
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from headgate.call.call import Call
from headgate.modules.limits import BYTES_PER_TOKEN
from headgate.modules.wildcards import safe_pattern
from headgate.wire.texts import request_texts

Operator = Literal["gt", "gte", "lt", "lte", "eq", "ne", "contains", "matches"]


class Values(NamedTuple):
    """What a rule is asked about."""

    call: Call
    now: float


def _prompt(values: Values) -> str:
    return "\n".join([each.text for each in request_texts(values.call) if each.role in ("system", "user")])


KNOWN: Mapping[str, Callable[[Values], Any]] = MappingProxyType({
    "model": lambda v: v.call.model, "wire": lambda v: v.call.wire, "app": lambda v: v.call.app, "agent": lambda v: v.call.agent,
    "subject": lambda v: v.call.subject, "project": lambda v: v.call.project, "session": lambda v: v.call.session,
    "user": lambda v: v.call.caller.user_id or "", "key": lambda v: v.call.caller.key_id or "",
    "stream": lambda v: v.call.view.stream, "tags": lambda v: v.call.notes.get("tags", {}),
    "tokens": lambda v: len(v.call.body) // BYTES_PER_TOKEN, "prompt": _prompt,
    "headers": lambda v: {n.decode("latin-1"): t.decode("latin-1") for n, t in v.call.headers.items() if n not in _SECRET},
    "hour": lambda v: datetime.fromtimestamp(v.now, UTC).hour,
})  # fmt: skip
_SECRET = frozenset(
    {
        b"authorization",
        b"x-api-key",
        b"api-key",
        b"x-admin-key",
        b"x-goog-api-key",
        b"x-headgate-provider-key",
    }
)


READS: Mapping[str, Callable[[Values], Any]] = MappingProxyType({
    "token_count": KNOWN["tokens"], "prompt_length": lambda v: len(_prompt(v)), "pattern": _prompt, "contains": _prompt,
    "model": KNOWN["model"], "time_of_day": KNOWN["hour"], "provider": lambda v: v.call.model.partition(":")[0],
})  # fmt: skip


_NUMERIC: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType({
    "gt": operators.gt, "gte": operators.ge, "lt": operators.lt, "lte": operators.le, "ne": operators.ne,
})  # fmt: skip


def comparison(operator: Operator, value: str | float, *, number: bool = False) -> Callable[[Any], bool]:
    if number:
        bound, compare = float(value), _NUMERIC.get(operator, operators.eq)
        return lambda found: bool(compare(found, bound))
    text = str(value)
    if operator == "matches":
        shape = safe_pattern(text)
        return lambda found: shape.search(found) is not None
    if operator == "contains":
        lower = text.lower()
        return lambda found: lower in found.lower()
    return (lambda found: found != text) if operator == "ne" else (lambda found: found == text)
