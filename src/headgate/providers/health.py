"""How providers are doing: counts, latency and the last check, of real calls. Dispatch writes; breakers and the API read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from headgate.kernel.clock import Clock, to_us

Condition = Literal["unknown", "active", "degraded", "unreachable"]

SMOOTHING = 0.1  # weight of the newest latency
RECENT_S = 60.0  # errors within this time make a provider degraded
SERVER_ERROR = 500
MAX_COUNTED = 10_000  # pairs of tenant and provider; beyond it the oldest is forgotten


class Noted(NamedTuple):
    """One attempt at a provider, as breakers hear of it. `status` 0: no answer came."""

    provider: str
    key_ref: str
    model: str
    ok: bool
    status: int
    latency_s: float


@dataclass(slots=True)
class Counts:
    """What one tenant had of one provider since the gateway started."""

    requests: int = 0
    errors: int = 0


@dataclass(slots=True)
class Pulse:
    """One provider, for everybody. Times are microseconds since the epoch, 0 for never."""

    latency_s: float = 0.0  # smoothed, of answers
    answered_us: int = 0  # the last good answer
    failed_us: int = 0  # the last failure
    failed_status: int = 0
    checked_us: int = 0
    check: Condition = "unknown"  # what the last check said
    check_error: str = ""
    check_latency_s: float = 0.0


class Breakers(Protocol):
    """The circuit breakers of dispatch, as the API shows and resets them."""

    def listing(self) -> list[dict[str, object]]:
        """One row per provider, key and model: `name`, `provider`, `state` and what led to it."""
        ...

    def state(self, provider: str) -> str:
        """`closed`, `open` or `half_open`: the worst of a provider."""
        ...

    def reset(self, name: str = "") -> int:
        """Close those of a provider, or all; how many were not closed."""
        ...


@dataclass(slots=True)
class Health:
    """One per gateway process. `on_note` hears of each attempt; `breakers` is there when dispatch has any."""

    clock: Clock
    breakers: Breakers | None = None
    on_note: list[Callable[[Noted], None]] = field(default_factory=list[Callable[[Noted], None]])
    _pulses: dict[str, Pulse] = field(default_factory=dict[str, Pulse])
    _counts: dict[tuple[str, str], Counts] = field(default_factory=dict[tuple[str, str], Counts])

    def note(
        self, provider: str, key_ref: str, model: str, *, ok: bool, status: int, latency_s: float, tenant: str = ""
    ) -> None:  # fmt: skip
        """One attempt is over. `ok` False means that the provider failed, not that it refused a bad request."""
        pulse = self._pulse(provider)
        counts = self._counted(tenant, provider)
        counts.requests += 1
        now_us = to_us(self.clock.now())
        if ok:
            pulse.latency_s += (latency_s - pulse.latency_s) * (SMOOTHING if pulse.answered_us else 1.0)
            pulse.answered_us = now_us
        else:
            counts.errors += 1
            pulse.failed_us, pulse.failed_status = now_us, status
        if self.on_note:
            noted = Noted(provider, key_ref, model, ok, status, latency_s)
            for listener in self.on_note:
                listener(noted)

    def checked(self, provider: str, condition: Condition, *, latency_s: float, error: str = "") -> None:
        """Somebody asked the provider whether it is there."""
        pulse = self._pulse(provider)
        pulse.checked_us = to_us(self.clock.now())
        pulse.check, pulse.check_latency_s, pulse.check_error = condition, latency_s, error

    def pulse(self, provider: str) -> Pulse:
        return self._pulses.get(provider) or Pulse()

    def counts(self, tenant: str, provider: str) -> Counts:
        return self._counts.get((tenant, provider)) or Counts()

    def condition(self, provider: str) -> Condition:
        """What the newest of calls and checks say."""
        pulse = self.pulse(provider)
        newest = max(pulse.answered_us, pulse.failed_us, pulse.checked_us)
        if newest == 0:
            return "unknown"
        if newest == pulse.checked_us:
            return pulse.check
        if newest == pulse.failed_us:
            return "unreachable" if pulse.failed_status == 0 else "degraded"
        recent = pulse.failed_us and pulse.answered_us - pulse.failed_us < RECENT_S * 1e6
        return "degraded" if recent else "active"

    def forget(self, provider: str) -> None:
        """The provider was taken away."""
        self._pulses.pop(provider, None)
        for at in [at for at in self._counts if at[1] == provider]:
            del self._counts[at]

    def _pulse(self, provider: str) -> Pulse:
        pulse = self._pulses.get(provider)
        if pulse is None:
            pulse = self._pulses[provider] = Pulse()
        return pulse

    def _counted(self, tenant: str, provider: str) -> Counts:
        counts = self._counts.get((tenant, provider))
        if counts is None:
            if len(self._counts) >= MAX_COUNTED:
                self._counts.pop(next(iter(self._counts)))
            counts = self._counts[tenant, provider] = Counts()
        return counts


def condition_of(status: int) -> Condition:
    """What an answer to a check means: a provider that answers at all is there."""
    return "degraded" if status >= SERVER_ERROR else "active"
