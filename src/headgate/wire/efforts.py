"""How much to think, said as a word or as a budget of tokens: from one to the other."""

from __future__ import annotations

from headgate.wire.codec import Fates
from headgate.wire.neutral import Effort, ThinkingWish

_WORDS: tuple[tuple[int, Effort], ...] = ((1024, "minimal"), (2048, "low"), (8192, "medium"), (24576, "high"))
BUDGETS: dict[Effort, int] = {
    "none": 0, "minimal": 1024, "low": 2048, "medium": 8192, "high": 24576, "xhigh": 32768, "max": 63999,
}  # fmt: skip


def effort_of(wish: ThinkingWish | None, fates: Fates) -> Effort | None:
    """The word for `wish`; None when it says nothing of how much."""
    if wish is None:
        return None
    if wish.mode == "off":
        return wish.effort or "none"
    if wish.effort is not None:
        return wish.effort
    if wish.budget_tokens is None:
        return "medium" if wish.mode == "on" else None
    words: list[Effort] = [word for most, word in _WORDS if wish.budget_tokens <= most]
    word: Effort = words[0] if words else "xhigh"
    fates.change("thinking.budget_tokens", f"sent as effort {word}")
    return word


def budget_of(wish: ThinkingWish) -> int | None:
    """The tokens for `wish`; None when it says nothing of how much."""
    if wish.mode == "off":
        return 0
    if wish.budget_tokens is not None:
        return wish.budget_tokens
    if wish.effort is None:
        return BUDGETS["medium"] if wish.mode == "on" else None
    return BUDGETS[wish.effort]
