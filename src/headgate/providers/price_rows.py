"""One price: what each class of tokens of a model costs, and the arithmetic from tokens to pico-dollars."""

from __future__ import annotations

import msgspec

from headgate.call.frames import Usage

_DAY_S = 86_400


class Rate(msgspec.Struct, array_like=True, frozen=True):
    """Pico-dollars per token. `tiers`: above so many prompt tokens, another rate for all tokens of the call."""

    base: int
    tiers: tuple[tuple[int, int], ...] = ()

    def at(self, prompt_tokens: int) -> int:
        rate = self.base
        for start, tier in self.tiers:
            if prompt_tokens > start:
                rate = tier
        return rate


class PriceRow(msgspec.Struct, array_like=True, frozen=True):
    """The rates of one model while `active`. A class without a rate of its own costs what its whole class does.
    `variants` are the prices of other ways to be served: `batch`, `flex`, `priority`, `fast`."""

    prompt: Rate
    completion: Rate | None = None  # None: nothing says what output costs
    cached: Rate | None = None
    cache_write: Rate | None = None
    reasoning: Rate | None = None
    request: int = 0  # for every call, whatever its size
    when: str = ""  # always; "date": from `start` on; "time": each day from `start` to `end`
    start: int = 0  # seconds: since the epoch, or since midnight UTC
    end: int = 0
    cache_write_1h: Rate | None = None
    audio_input: Rate | None = None
    audio_output: Rate | None = None
    variants: tuple[tuple[str, PriceRow], ...] = ()

    def active(self, now: float) -> bool:
        if self.when == "date":
            return now >= self.start
        if self.when == "time":
            second = now % _DAY_S
            if self.end < self.start:
                return second >= self.start or second < self.end
            return self.start <= second < self.end
        return True

    def served(self, tier: str, now: float | None = None) -> PriceRow | None:
        """The row for a tier, this one for the usual way; None when nothing says what the tier costs."""
        if not tier:
            return self
        known = [row for name, row in self.variants if name == tier and (now is None or row.active(now))]
        return known[-1] if known else None


def current(rows: tuple[PriceRow, ...], now: float) -> PriceRow:
    """The row that counts at `now`: the last one that is active, the first when none is."""
    return next((row for row in reversed(rows) if row.active(now)), rows[0])


def cost_of(row: PriceRow, usage: Usage) -> int | None:
    """Pico-dollars for `usage`: cached, written and heard tokens are part of the prompt, reasoning and spoken ones of the
    completion. None when the row has no price for something that was used."""
    size = max(usage.prompt_tokens, 0)
    cached = min(max(usage.cached_tokens, 0), size)
    written = min(max(usage.cache_write_tokens, 0), size - cached)
    plain = size - cached - written
    cost = row.request
    if usage.audio_input_tokens and row.audio_input is not None:
        heard = min(max(usage.audio_input_tokens, 0), plain)
        plain -= heard
        cost += heard * row.audio_input.at(size)
    cost += plain * row.prompt.at(size)
    if cached:
        cost += cached * (row.cached or row.prompt).at(size)
    if written:
        long = min(max(usage.cache_write_1h_tokens, 0), written)
        cost += (written - long) * (row.cache_write or row.prompt).at(size)
        if long:
            cost += long * (row.cache_write_1h or row.cache_write or row.prompt).at(size)
    made = _completion_cost(row, usage, size)
    return None if made is None else cost + made


def _completion_cost(row: PriceRow, usage: Usage, size: int) -> int | None:
    output = max(usage.completion_tokens, 0)
    cost = 0
    if usage.reasoning_tokens and row.reasoning is not None:
        reasoning = min(max(usage.reasoning_tokens, 0), output)
        output -= reasoning
        cost += reasoning * row.reasoning.at(size)
    if usage.audio_output_tokens and row.audio_output is not None:
        spoken = min(max(usage.audio_output_tokens, 0), output)
        output -= spoken
        cost += spoken * row.audio_output.at(size)
    if not output:
        return cost
    return None if row.completion is None else cost + output * row.completion.at(size)


def most_of(row: PriceRow, prompt_tokens: int, output_tokens: int, tier: str = "") -> int:
    """What so many tokens can cost at most, whatever their class; served by `tier` or in the usual way."""
    asked = row.served(tier)
    return max(_most(way, prompt_tokens, output_tokens) for way in (row, asked) if way is not None)


def _most(row: PriceRow, prompt_tokens: int, output_tokens: int) -> int:
    into = (row.prompt, row.cached, row.cache_write, row.cache_write_1h, row.audio_input)
    out = (row.completion, row.reasoning, row.audio_output)
    dearest = max(rate.at(prompt_tokens) for rate in into if rate is not None)
    made = max((rate.at(prompt_tokens) for rate in out if rate is not None), default=0)
    return row.request + prompt_tokens * dearest + output_tokens * made
