"""Asking a model once more because a module says that its answer does not fit. What earlier answers cost is not lost."""

from __future__ import annotations

from headgate.call.call import Call, Reply
from headgate.call.frames import Event, Usage
from headgate.call.module import AskAgain
from headgate.kernel.errors import ProviderError
from headgate.wire.conversation import append_user_text

ASKS, EARLIER = "asks", "asks.earlier"
MAX_ASKS = 3
_SUMMED = (
    "prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens", "cache_write_1h_tokens",
    "audio_input_tokens", "audio_output_tokens",
)  # fmt: skip


def no_more(call: Call) -> None:
    """This answer is the only one there is: modules must not ask for another."""
    call.notes.setdefault(ASKS, MAX_ASKS)


def prepare(call: Call, reply: Reply, wish: AskAgain, at_us: int) -> None:
    """Let the user say the hint and keep what this answer cost. Raises ProviderError when asking is of no use."""
    asks = call.notes.get(ASKS, 0)
    if asks >= MAX_ASKS or not append_user_text(call, wish.hint):
        raise ProviderError(
            "The model's answer does not fit, also after it was asked again.", provider=reply.provider
        )
    call.notes[ASKS] = asks + 1
    keep_cost(call, reply)
    call.events.append(Event(at_us, "model.asked_again", {"why": wish.hint}))
    call.explanation["asked_again"] = asks + 1


def keep_cost(call: Call, reply: Reply) -> None:
    """This answer is not given, but it was paid for."""
    earlier: list[Reply] = call.notes.setdefault(EARLIER, [])
    earlier.append(reply)


def add_earlier(call: Call, reply: Reply) -> None:
    """Put what answers used and cost that were not given on the one that is."""
    for other in call.notes.pop(EARLIER, ()):
        if not reply.provider:  # an error of ours: nobody has been paid for it
            reply.provider, reply.model, reply.usage = other.provider, other.model, other.usage
        else:
            reply.usage = _sum(reply.usage, other.usage)
        if reply.cost_pico is None or other.cost_pico is None:
            reply.cost_pico, reply.price_known = None, False
        else:
            reply.cost_pico += other.cost_pico
        reply.upstream_us += other.upstream_us


def _sum(one: Usage, other: Usage) -> Usage:
    total = Usage(known=one.known and other.known, tier=one.tier or other.tier)
    for name in _SUMMED:
        setattr(total, name, getattr(one, name) + getattr(other, name))
    return total
