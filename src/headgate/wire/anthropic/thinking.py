"""How much an Anthropic model should think: an effort for the newer ones, a budget of tokens for the older."""

from __future__ import annotations

from headgate.wire.anthropic.models import thinks_adaptively
from headgate.wire.codec import Fates
from headgate.wire.neutral import Fields, Request, ThinkingWish

BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 24576, "xhigh": 32768, "max": 63999}
MIN_BUDGET = 1024
_EFFORTS = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "max",
}


def write_thinking(request: Request, model: str, fields: Fields, fates: Fates) -> None:
    """Put `thinking` into `fields`, which hold the rest of what matters to it."""
    wish = request.thinking
    if wish is None:
        return
    if wish.mode == "off":
        fields["thinking"] = {"type": "disabled"}
        return
    if fields.get("tool_choice", {}).get("type") in ("any", "tool"):
        fates.drop("reasoning_effort", "this provider's models do not think when they must call a tool")
        return
    if thinks_adaptively(model):
        _write_adaptive(wish, fields, fates)
        return
    if _lacks_thoughts(fields["messages"]):
        fates.drop("reasoning_effort", "the turn that called the tools came back without its signed thoughts")
        return
    budget = wish.budget_tokens or BUDGETS.get(wish.effort or "", 0)
    if not budget and wish.mode:
        budget = BUDGETS["medium"]
    budget = min(budget, fields["max_tokens"] - 1)
    if budget < MIN_BUDGET:
        fates.drop("reasoning_effort", f"max_tokens leaves less than {MIN_BUDGET} tokens to think")
        return
    if wish.budget_tokens != budget:
        fates.change("reasoning_effort", f"sent as a thinking budget of {budget} tokens")
    fields["thinking"] = {"type": "enabled", "budget_tokens": budget}
    _write_display(wish, fields)


def _write_adaptive(wish: ThinkingWish, fields: Fields, fates: Fates) -> None:
    fields["thinking"] = {"type": "adaptive"}
    _write_display(wish, fields)
    effort = wish.effort
    if effort is None and wish.budget_tokens is not None:
        effort = next(
            (word for word in ("low", "medium", "high") if wish.budget_tokens <= BUDGETS[word]), "xhigh"
        )
        fates.change("thinking.budget_tokens", f"sent as effort {effort}")
    if effort is not None and effort in _EFFORTS:
        if effort == "minimal":
            fates.change("reasoning_effort", "minimal is sent as low")
        fields["output_config"] = {"effort": _EFFORTS[effort]}


def _write_display(wish: ThinkingWish, fields: Fields) -> None:
    if wish.show:
        fields["thinking"]["display"] = "omitted" if wish.show == "none" else "summarized"


def _lacks_thoughts(turns: list[Fields]) -> bool:
    """Is the last thing that happened a tool's result, to a call that came back without the thoughts before it? A model with a
    budget refuses that."""
    if len(turns) < 2 or turns[-1]["role"] != "user" or turns[-2]["role"] != "assistant":
        return False
    results, called = turns[-1]["content"], turns[-2]["content"]
    if isinstance(results, str) or isinstance(called, str) or results[0]["type"] != "tool_result":
        return False
    return called[0]["type"] not in ("thinking", "redacted_thinking")
