"""What went wrong with an attempt, what the client would be told of it, and the attempts of one call together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from headgate.call.call import Call, Reply
from headgate.call.frames import Attempt, AttemptOutcome, Event, Usage
from headgate.gateway.upstreams.order import Dropped, Line
from headgate.kernel.clock import Clock
from headgate.kernel.errors import BadRequest, GatewayError, ProviderError, RateLimited, Unavailable
from headgate.providers.prices import PriceBook

BYTES_PER_TOKEN = 4
TOO_MANY = 429
STOP: Mapping[str, str] = MappingProxyType({"x-should-retry": "false"})  # we have tried ourselves


class CircuitOpen(Unavailable):
    """Every provider that could answer failed so often that it is left alone for a while."""

    code = "circuit_open"


class AttemptFailed(Exception):
    """An attempt failed. `told` is what the client would get if it were the last: an error, or the provider's own words.
    `refused`: asking elsewhere is no use, the caller must change the call."""

    def __init__(
        self, told: GatewayError | Reply, outcome: AttemptOutcome, *, status: int = 0, reason: str = "",
        wait_s: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__(reason)
        self.told = told
        self.outcome: AttemptOutcome = outcome
        self.status = status
        self.reason = reason
        self.final = outcome == "refused"
        self.wait_s = wait_s  # what the provider asked for


class Trail:
    """The attempts of one call, once one of them has failed."""

    def __init__(self, call: Call, clock: Clock, prices: PriceBook) -> None:
        self._call = call
        self._clock = clock
        self._prices = prices
        self.failures: list[tuple[Line, AttemptFailed]] = []
        self.rows: list[Attempt] = call.notes.setdefault("attempts", [])

    def failed(self, line: Line, failure: AttemptFailed, began: float) -> None:
        """Put a failed attempt on record."""
        self.failures.append((line, failure))
        row = self._row(line, failure.outcome, began, failure.status)
        row.reason = failure.reason
        if failure.outcome == "unknown":
            row.prompt_tokens = len(self._call.body) // BYTES_PER_TOKEN
            row.cost_pico = self._prices.cost(row.provider, row.model, Usage(row.prompt_tokens, known=True))
        elif failure.outcome != "answered":
            row.cost_pico = 0
        payload: dict[str, Any] = {"provider": row.provider, "model": row.model, "reason": row.reason}
        if row.status:
            payload["status"] = row.status
        self._call.events.append(Event(row.at_us + row.latency_us, "model.failed", payload))

    def answered(self, line: Line, began: float) -> None:
        """The attempt that worked, after others had failed. Its tokens and cost are the run's."""
        self._row(line, "answered", began, 200)

    def _row(self, line: Line, outcome: AttemptOutcome, began: float, status: int) -> Attempt:
        call = self._call
        row = Attempt(
            len(self.rows) + 1, call.received_us + int((began - call.t0) * 1e6),
            int((self._clock.monotonic() - began) * 1e6), line.target.provider.name, line.way.key_ref,
            line.target.upstream_model, outcome, status,
        )  # fmt: skip
        self.rows.append(row)
        return row

    def of_round(self, begun: int) -> AttemptFailed:
        """The last failure, with the pause before another round: the shortest that a provider asked for, and none when one
        of them asked for nothing. `begun` is how many failures there were before the round."""
        told = [failure.wait_s for _, failure in self.failures[begun:]]
        failure = self.failures[-1][1]
        failure.wait_s = (
            None if None in told else min([each for each in told if each is not None], default=None)
        )
        return failure

    def verdict(self, *, out_of_time: bool = False) -> Reply:
        """What the client gets when nothing worked. Raises it when it is an error of ours."""
        _, last = self.failures[-1]
        if last.final or len(self.failures) == 1:
            return self._told(last)
        if all(failure.status == TOO_MANY for _, failure in self.failures):
            raise self._all_limited()
        tried = [_tried(line, failure) for line, failure in self.failures]
        unknown = next((line for line, failure in self.failures if failure.outcome == "unknown"), None)
        shown = "; ".join(f"{each['provider']}/{each['model']}: {each['reason']}" for each in tried)
        end = " within the time allowed" if out_of_time else ""
        error = ProviderError(
            f"No provider answered{end}. Tried {len(tried)} times: {shown}.",
            headers=dict(STOP), provider=(unknown or self.failures[-1][0]).target.provider.name, attempts=tried,
        )  # fmt: skip
        if unknown is not None:
            error.detail["outcome"] = "unknown"
        raise error

    def _told(self, failure: AttemptFailed) -> Reply:
        told = failure.told
        again = len(self.rows) > 1
        if isinstance(told, Reply):
            if again:
                told.headers.extend((name.encode(), value.encode()) for name, value in STOP.items())
            return told
        if again:
            told.headers = {**told.headers, **STOP}
        raise told

    def _all_limited(self) -> RateLimited:
        told = [failure.wait_s for _, failure in self.failures if failure.wait_s is not None]
        wait_s = min(told, default=None)
        tried = [_tried(line, failure) for line, failure in self.failures]
        headers = dict(STOP)
        if wait_s is not None:
            headers["Retry-After"] = str(int(wait_s + 0.999))
        return RateLimited(
            "Every provider that was asked is over its limit.", headers=headers, attempts=tried
        )


def _tried(line: Line, failure: AttemptFailed) -> dict[str, Any]:
    shown: dict[str, Any] = {"provider": line.target.provider.name, "model": line.target.upstream_model}
    if failure.status:
        shown["status"] = failure.status
    return shown | {"reason": failure.reason}


def circuit_open(dropped: Sequence[Dropped]) -> CircuitOpen:
    """Nothing is left to try."""
    wait_s = min(each.retry_in_s for each in dropped)
    names = ", ".join(dict.fromkeys(each.line.target.provider.name for each in dropped))
    return CircuitOpen(
        f"The circuit breaker is open for {names}: its calls failed too often. It is tried again in {wait_s:.0f} s.",
        headers={"Retry-After": str(max(1, int(wait_s + 0.999)))},
        providers=[{"provider": each.line.target.provider.name, "model": each.line.target.upstream_model} for each in dropped],
    )  # fmt: skip


def unsendable(error: BadRequest) -> AttemptFailed:
    """The call cannot be put into the provider's format; another provider may have one that fits."""
    return AttemptFailed(error, "failed", status=error.status, reason=error.message)
