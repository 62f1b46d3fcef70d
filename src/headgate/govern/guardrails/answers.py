"""Secrets in the body of a call and in its answer, on every wire."""

from __future__ import annotations

from collections import Counter

from headgate.call.call import Call, Reply
from headgate.govern.guardrails.secrets import count_json, find, may_hold, redact_json
from headgate.kernel import json
from headgate.wire.texts import change_body, stream_texts


def redact_request(call: Call, *, change: bool) -> Counter[str]:
    """The secrets in the strings of a request; with `change` they are taken out, and what lists show of it follows."""
    if not change:
        return count_json(call.body)
    body, found = redact_json(call.body)
    if found:
        change_body(call, body)
    return found


def redact_answer(reply: Reply, *, change: bool) -> Counter[str]:
    """The same for a whole answer. Changed, it is no longer what the run it came from sent."""
    if not change:
        return count_json(reply.body)
    body, found = redact_json(reply.body)
    if found:
        reply.body, reply.same_as = body, ""
    return found


def count_stream(wire: str, stream: bytes) -> Counter[str]:
    """The secrets in a stream that has ended."""
    found: Counter[str] = Counter()
    for _, text in stream_texts(wire, stream):
        if may_hold(json.encode(text)):
            found.update(each.kind for each in find(text))
    return found
