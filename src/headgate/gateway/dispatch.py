"""Dispatch: put the call on record as opened, and ask the providers that can answer it, one after the other if need be.

The ways to an answer are put in order (`upstreams/order.py`); each is tried once (`dispatch_attempt.py`); when all have
failed, rounds follow after a pause, inside one deadline and one budget of repeats. What a caller has to change is never
asked twice. A stream can still be answered by another provider until its first content (`dispatch_opening.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from secrets import SystemRandom

from headgate.call.call import Call, Reply
from headgate.call.frames import Event, Opened
from headgate.call.policy import DEFAULT, Policy
from headgate.call.ports import Recorder
from headgate.gateway.dispatch_attempt import Attempts, Lines, Terms
from headgate.gateway.dispatch_failure import AttemptFailed, Trail, circuit_open
from headgate.gateway.dispatch_targets import targets_of
from headgate.gateway.plane import PlaneKeeper
from headgate.gateway.settle import Settler
from headgate.gateway.upstreams.fleet import Visit
from headgate.gateway.upstreams.order import Dropped, Line, Plan, Planner
from headgate.gateway.upstreams.retrying import Backoff
from headgate.kernel.clock import Clock
from headgate.kernel.errors import GatewayError, RateLimited, RecordUnavailable
from headgate.providers.table import Target
from headgate.record.spend.hot import CapExceeded, UnpricedModel, tags_of, user_of
from headgate.wire.counting import estimated_count, is_count
from headgate.wire.spec import WIRES, WireSpec

__all__ = ["Dispatcher", "Lines"]

LEAST_LEFT_S = 0.05  # with less time than this nothing new is begun


@dataclass(slots=True)
class _Course:
    """One call's way through dispatch. `until` is by the monotonic clock."""

    call: Call
    spec: WireSpec
    policy: Policy
    targets: Sequence[Target]
    until: float
    limited: bool  # `until` is sooner than the time-outs of the server
    trail: Trail | None = None

    def left_s(self, now: float) -> float:
        return self.until - now


class _NotNow(Exception):
    """A line cannot be tried at this moment. `told` is what the client would get if there were no other."""

    def __init__(self, told: GatewayError) -> None:
        super().__init__(told.message)
        self.told = told


class Dispatcher:
    """Asks models."""

    def __init__(
        self, clock: Clock, recorder: Recorder, keeper: PlaneKeeper, settler: Settler, lines: Lines
    ) -> None:
        self._clock = clock
        self._recorder = recorder
        self._keeper = keeper
        self._settler = settler
        self._total_s = lines.deadlines.total_s
        self._attempts = Attempts(clock, keeper, settler, lines)
        self.fleet = lines.fleet
        self._chance = SystemRandom().random
        self.planner = Planner(self.fleet, self._chance)

    def targets(self, call: Call) -> Sequence[Target]:
        """Where `call` could go, best first. Raises BadRequest."""
        return targets_of(call, self._keeper.plane.providers.for_tenant(call.caller.tenant))

    def first_provider(self, call: Call) -> str:
        """The provider that would be asked first; "" when there is none."""
        try:
            return self.targets(call)[0].provider.name
        except GatewayError:
            return ""

    async def ask(self, call: Call) -> Reply:
        """The model's answer: whole and priced, or a Reply whose `chunks` settle the call while they are read.
        Raises GatewayError when there is none that may be passed on."""
        spec = WIRES[call.endpoint]
        targets = self.targets(call)
        if is_count(call.wire) and call.wire not in targets[0].provider.speaks:
            return await self._counted(call, spec, targets[0])
        notes = call.notes
        policy: Policy = notes.get("policy", DEFAULT)
        total_s = min((each for each in (notes.get("deadline_s"), policy.deadline_s) if each), default=0.0)
        course = _Course(
            call, spec, policy, targets, call.t0 + (total_s or self._total_s), 0 < total_s < self._total_s
        )  # fmt: skip
        now = self._clock.monotonic()
        if len(targets) == 1 and not policy.retries:
            line = self.planner.single(call, targets[0])
            if line is not None and line.way.breaker.state == "closed":
                line.way.service.budget.deposit()
                return await self._try_all(course, (line,), last_round=True)
        return await self._rounds(course, self.planner.plan(call, targets, policy, now))

    async def _rounds(self, course: _Course, plan: Plan) -> Reply:
        """All lines, then again after a pause, as often as the policy, the deadline and the budget allow."""
        call, policy = course.call, course.policy
        _explain(call, plan, policy)
        if not plan.lines:
            raise circuit_open(plan.dropped)
        plan.lines[0].way.service.budget.deposit()
        backoff = Backoff(policy.base_delay_s, policy.max_delay_s)
        for repeat in range(1, policy.retries + 1):
            try:
                return await self._try_all(course, plan.lines, last_round=False)
            except AttemptFailed as failure:
                assert course.trail is not None
                wait_s = backoff.wait_s(repeat, self._chance(), failure.wait_s)
                left_s = course.left_s(self._clock.monotonic())
                service = plan.lines[0].way.service
                if failure.final or wait_s + LEAST_LEFT_S >= left_s or not service.budget.take():
                    return course.trail.verdict(
                        out_of_time=not failure.final and wait_s + LEAST_LEFT_S >= left_s
                    )
                await asyncio.sleep(wait_s)
                plan = self.planner.plan(call, course.targets, policy, self._clock.monotonic())
                if not plan.lines:
                    return course.trail.verdict()
        return await self._try_all(course, plan.lines, last_round=True)

    async def _try_all(self, course: _Course, lines: Sequence[Line], *, last_round: bool) -> Reply:
        """The first answer. In the last round what the client is told; before it AttemptFailed, with the pause asked for."""
        begun = 0 if course.trail is None else len(course.trail.failures)
        refused: GatewayError | None = None
        for index, line in enumerate(lines):
            left_s = course.left_s(self._clock.monotonic())
            if left_s < LEAST_LEFT_S and course.trail is not None:
                return course.trail.verdict(out_of_time=True)
            try:
                return await self._attempt(
                    course, line, last=index == len(lines) - 1, left_s=left_s, last_round=last_round
                )
            except _NotNow as refusal:
                refused = refused or refusal.told
            except AttemptFailed as failure:
                if failure.final:
                    break
        if course.trail is None:
            assert refused is not None
            raise refused
        if last_round:
            return course.trail.verdict()
        raise course.trail.of_round(begun)

    async def _attempt(
        self, course: _Course, line: Line, *, last: bool, left_s: float, last_round: bool
    ) -> Reply:
        """One try at one line: its room, its money, its place on record."""
        call, policy = course.call, course.policy
        alone = last and last_round
        terms = Terms(
            left_s, course.limited or course.trail is not None, policy.attempt_s,
            guarded=not alone or course.trail is not None or policy.retries > 0,
            first_content_s=left_s if alone else policy.first_content_s,
        )  # fmt: skip
        visit = await self._enter(course, line, left_s, last=last)
        began = self._clock.monotonic()
        try:
            await self._open(call, line, began)
            reply = await self._attempts.make(call, course.spec, line, visit, terms)
        except (CapExceeded, UnpricedModel) as error:
            raise _NotNow(error) from error
        except AttemptFailed as failure:
            if course.trail is None:
                course.trail = Trail(call, self._clock, self._keeper.plane.prices)
            course.trail.failed(line, failure, began)
            raise
        finally:
            if "streaming" not in call.notes:
                visit.left()  # unless it is over already
        if course.trail is not None:
            course.trail.answered(line, began)
        return reply

    async def _enter(self, course: _Course, line: Line, left_s: float, *, last: bool) -> Visit:
        """Room at the provider: there is some, or the call waits for its turn. Raises _NotNow."""
        service = line.way.service
        queue = course.policy.queue
        if not service.room.is_full and not service.queue.waiting:
            service.room.enter()
        elif queue is None or not last:
            raise _NotNow(RateLimited(
                f"The provider {service.name} takes no more calls at this moment.",
                headers={"Retry-After": "1"}, provider=service.name,
            ))  # fmt: skip
        else:
            caller, began = course.call.caller, self._clock.monotonic()
            lane = f"{caller.tenant}/{caller.key_id or course.call.app}"
            try:
                await service.queue.wait(lane, len(course.call.body), queue, left_s)
            except RateLimited as refusal:
                raise _NotNow(refusal) from refusal
            course.call.explanation["queued_ms"] = round((self._clock.monotonic() - began) * 1000, 1)
        now = self._clock.monotonic()
        if not line.way.breaker.enter(now):
            service.leave()
            raise _NotNow(circuit_open([Dropped(line, "circuit open", line.way.breaker.retry_in(now))]))
        return self.fleet.enter(line.way, now, course.call.tenant)

    async def _open(self, call: Call, line: Line, began: float) -> None:
        """Hold the money and say on record that the call begins; once more when it goes on elsewhere."""
        provider, call.model = line.target.provider.name, line.target.upstream_model
        prices, caller = self._keeper.plane.prices, call.caller
        # before anything is sent: an answer that has begun must not wait for it
        if not prices.knows(call.model, provider):
            await prices.resolve(call.model, provider)
        purse = self._settler.purse
        held = purse.hold(call, prices, provider, call.model)
        if "dispatched" not in call.notes or held:
            try:
                self._recorder.write(
                    Opened(
                        call.run_id, call.tenant, call.received_us, call.wire, call.endpoint, call.model, provider, call.app,
                        call.agent, call.subject, caller.key_id or "", caller.mode, call.view.stream, held, call.project,
                        user_of(call), call.session, call.parent_run, tags_of(call),
                    )
                )  # fmt: skip
            except RecordUnavailable:
                purse.refund(call.run_id)
                raise
        call.notes["dispatched"] = True
        at_us = call.received_us + int((began - call.t0) * 1e6)
        call.events.append(Event(at_us, "model.called", {"provider": provider, "model": call.model}))

    async def _counted(self, call: Call, spec: WireSpec, target: Target) -> Reply:
        """A count of tokens that the provider does not make: estimated here, free, and said to be an estimate."""
        call.model = target.upstream_model
        reply = Reply(200, estimated_count(call))
        reply.provider, reply.model = target.provider.name, call.model
        at_us = int((self._clock.monotonic() - call.t0) * 1e6)
        self._settler.answered(call, reply, spec.read_reply(reply.body), at_us)
        reply.cost_pico, reply.price_known = 0, True
        return reply


def _explain(call: Call, plan: Plan, policy: Policy) -> None:
    """What the run says of the choice, where there was one."""
    told = {
        "strategy": policy.strategy,
        "order": [f"{line.target.provider.name}/{line.target.upstream_model}" for line in plan.lines],
    }  # fmt: skip
    if plan.dropped or plan.later:
        told["dropped"] = [
            f"{each.line.target.provider.name}/{each.line.target.upstream_model}: {each.why}"
            for each in (*plan.dropped, *plan.later)
        ]  # fmt: skip
    call.explanation["dispatch"] = told
