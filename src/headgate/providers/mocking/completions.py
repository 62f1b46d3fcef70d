"""Text completions of the mock provider."""

from __future__ import annotations

from typing import Any, cast

from headgate.providers.mocking.dice import Dice
from headgate.providers.mocking.request import CREATED, FINGERPRINT, Fields, Refused, Request
from headgate.providers.mocking.text import cut, estimate, sentences, tokens_of

_DEFAULT_LIMIT = 16  # as OpenAI has it for this endpoint
_MAX_TOP = 5


def completion(request: Request) -> Fields:
    """A whole `text_completion`: for each prompt, `n` choices."""
    fields = request.fields
    prompts = prompts_of(fields.get("prompt"))
    limit = request.whole_number("max_tokens", default=_DEFAULT_LIMIT)
    choices: list[Fields] = []
    made = 0
    for prompt in prompts:
        for _ in range(request.choices):
            dice = request.dice.fork(f"choice {len(choices)}")
            text, finish = cut(" " + sentences(dice, prompt.text), stop=fields.get("stop"), limit=limit)
            made += len(tokens_of(text))
            said = prompt.text + text if fields.get("echo") is True else text
            logprobs = _logprobs(request, said, dice)
            choices.append(
                {"text": said, "index": len(choices), "logprobs": logprobs, "finish_reason": finish}
            )
    asked = sum(prompt.tokens for prompt in prompts) + estimate(str(fields.get("suffix") or ""))
    return {
        "id": f"cmpl-{request.dice.token(29)}",
        "object": "text_completion",
        "created": CREATED,
        "model": request.model,
        "choices": choices,
        "usage": {
            "prompt_tokens": asked, "completion_tokens": made, "total_tokens": asked + made,
            "prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0},
        },
        "system_fingerprint": FINGERPRINT,
    }  # fmt: skip


class Prompt:
    """One prompt: its text, and how many tokens it is. Tokens given as numbers are shown as such."""

    def __init__(self, told: Any) -> None:
        if isinstance(told, list):
            self.text = " ".join(str(token) for token in cast("list[Any]", told))
            self.tokens = len(cast("list[Any]", told))
        else:
            self.text = str(told or "")
            self.tokens = estimate(self.text)


def prompts_of(told: Any) -> list[Prompt]:
    """One prompt or several: a text, texts, tokens or lists of tokens."""
    if isinstance(told, list) and told and not isinstance(told[0], int):
        return [Prompt(each) for each in cast("list[Any]", told)]
    if isinstance(told, (str, list)) or told is None:
        return [Prompt(told)]
    raise Refused("Invalid type for 'prompt': expected a string or an array.", "prompt")


def _logprobs(request: Request, text: str, dice: Dice) -> Fields | None:
    if request.fields.get("logprobs") is None:
        return None
    top = request.whole_number("logprobs", default=0, most=_MAX_TOP) or 0
    tokens = tokens_of(text)
    chances = [-(1 + dice.below(300)) / 1000 for _ in tokens]
    offsets = [sum(map(len, tokens[:place])) for place in range(len(tokens))]
    others = [{f" alt{place}": round(chance - place, 3) for place in range(1, top)} for chance in chances]
    likely = [{token: chance} | other for token, chance, other in zip(tokens, chances, others, strict=True)]
    return {
        "tokens": tokens,
        "token_logprobs": chances,
        "top_logprobs": likely if top else None,
        "text_offset": offsets,
    }


def chunks(answer: Fields) -> list[Fields]:
    """The choice objects of a stream of `answer`: token by token."""
    out: list[Fields] = []
    for choice in cast("list[Fields]", answer["choices"]):
        for place, token in enumerate(tokens_of(choice["text"])):
            logprobs = _part(choice["logprobs"], place)
            out.append({"text": token, "index": choice["index"], "logprobs": logprobs, "finish_reason": None})
        out.append(
            {"text": "", "index": choice["index"], "logprobs": None, "finish_reason": choice["finish_reason"]}
        )
    return out


def _part(logprobs: Fields | None, place: int) -> Fields | None:
    if logprobs is None:
        return None
    return {
        key: value[place : place + 1] if isinstance(value, list) else value for key, value in logprobs.items()
    }
