"""The life of one call, top to bottom.

    admit     who is it, may it come in          key, tenant, limits
    shape     make the request canonical         aliases, defaults
    guard     may this be done at all            secrets, policies
    answer    can we answer without a model      exact cache, an equal call in flight
    dispatch  ask a model                        `opened` frame, provider, deadlines
    inspect   is the answer fit to send          redaction, validation
    record    tell what happened                 one `closed` frame, before the last byte leaves

`begin` runs as far as it can without waiting: an exact repeat is answered there and needs no task.
`finish` does the rest. `serve` is both, for callers that wait anyway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from headgate.call.call import Call, Reply
from headgate.call.module import AskAgain, Tools
from headgate.call.ports import Recorder
from headgate.gateway.again import add_earlier, keep_cost, no_more, prepare
from headgate.gateway.chain import Step, on_trouble, run_steps, wait_step
from headgate.gateway.dispatch import Dispatcher
from headgate.gateway.explain import Explainer
from headgate.gateway.inflight import Inflight
from headgate.gateway.intake import Intake, Request
from headgate.gateway.models import ModelList
from headgate.gateway.passthrough.serving import NOTE, Passed, Passing
from headgate.gateway.plane import PlaneKeeper
from headgate.gateway.repeats import Repeats, mark
from headgate.gateway.replies import dress, error_reply
from headgate.gateway.settle import Settler, estimate_usage
from headgate.kernel.clock import Clock
from headgate.kernel.errors import GatewayError, RecordUnavailable
from headgate.kernel.ids import Ids
from headgate.kernel.logging import get_log
from headgate.kernel.tasks import Tasks
from headgate.record.cache.hot import ResponseCache
from headgate.record.responses.hot import ResponseMemory
from headgate.wire.spec import WIRES

log = get_log("gateway")

NOTHING_WAITS = -1  # `finish` starts at dispatch


@dataclass(slots=True)
class Parts:
    """What the gateway is built from; `app.py` makes them."""

    clock: Clock
    ids: Ids
    keeper: PlaneKeeper
    recorder: Recorder
    dispatcher: Dispatcher
    cache: ResponseCache
    settler: Settler
    models: ModelList
    passing: Passing
    responses: ResponseMemory | None = None


class Gateway:
    """Serves calls. One per process, used by the fast seam, the ASGI routes and inner callers alike."""

    def __init__(self, parts: Parts) -> None:
        self._keeper = parts.keeper
        self.dispatcher = parts.dispatcher
        self._settler = parts.settler
        self._passing = parts.passing
        self._inflight = Inflight()
        self.repeats = Repeats(parts.clock)
        self._intake = Intake(parts.clock, parts.ids)
        self.explainer: Explainer | None = None  # set once there are modules
        self.tasks = Tasks()  # streams whose clients are served over ASGI
        self.clock = parts.clock
        self.models = parts.models
        self._responses = parts.responses

    def open(self, request: Request) -> Call:
        """Authenticate and parse. Raises GatewayError; nothing is recorded before this succeeds."""
        return self._intake.open(request, self._keeper.plane)

    def open_passed(self, request: Request, passed: Passed) -> Call:
        """The same for a request that goes to its provider as it came."""
        call = self._intake.open_passed(request, self._keeper.plane, passed.content_type)
        call.notes[NOTE] = passed
        return call

    def begin(self, call: Call) -> Reply | int:
        """Run the phases up to ANSWER. A Reply is settled and ready to send; a number goes to `finish`."""
        try:
            mark(call)
            steps = self._keeper.plane.chain(call.tenant).steps_for(call)
            outcome = run_steps(call, steps)
            if isinstance(outcome, Reply):
                return self._answered(call, outcome)
            if outcome is None:
                return NOTHING_WAITS
            call.notes["steps"] = steps  # a change of the chain while it waits must not make it skip any
            return outcome
        except GatewayError as error:
            return self._refused(call, error)
        except Exception as error:  # noqa: BLE001 - the request edge: a bug is a recorded 500, never a lost call
            return self._refused(call, broken(error, call))

    async def finish(self, call: Call, at: int) -> Reply:
        """Go on where `begin` stopped. The Reply is settled, or settles itself while its chunks are read."""
        try:
            if at != NOTHING_WAITS and (reply := await self._wait_on(call, at)) is not None:
                return self._answered(call, reply)
            return await self._ask(call)
        except GatewayError as error:
            return self._refused(call, error)
        except asyncio.CancelledError:
            self.repeats.failed(call)
            self._settler.cancelled(call)
            raise
        except Exception as error:  # noqa: BLE001 - the request edge: a bug is a recorded 500, never a lost call
            return self._refused(call, broken(error, call))

    async def serve(self, request: Request) -> tuple[Call, Reply]:
        """`open`, `begin` and `finish` in one. Raises GatewayError only from `open`."""
        call = self.open(request)
        outcome = self.begin(call)
        reply = outcome if isinstance(outcome, Reply) else await self.finish(call, outcome)
        return call, reply

    async def explain(self, request: Request, endpoint: str = "") -> dict[str, Any]:
        """What would happen to a call. Raises GatewayError when it would not become one."""
        assert self.explainer is not None
        return await self.explainer.explain(request, endpoint)

    def explained_with(self, tools: Tools) -> None:
        """Calls can be explained from now on; `tools` are those of the modules."""
        self.explainer = Explainer(
            self.clock, self._keeper, self.dispatcher, self._intake, tools, self._settler.purse
        )

    def leave(self, call: Call, cancel: Callable[[], object]) -> None:
        """The client has gone: `cancel` its call, as soon as nobody else waits for the same answer, or may come for it."""
        if not self.repeats.leave(call, partial(self._inflight.leave, call, cancel)):
            self._inflight.leave(call, cancel)

    async def _wait_on(self, call: Call, at: int) -> Reply | None:
        steps: tuple[Step, ...] = call.notes.pop("steps")
        position: Reply | int | None = at
        while isinstance(position, int):
            reply = await wait_step(call, steps[position])
            position = reply if reply is not None else run_steps(call, steps, position + 1)
        return position

    async def _ask(self, call: Call) -> Reply:
        """An equal call in flight answers too; else a model does."""
        if call.wire == "passthrough":
            return self._inspected(call, await self._passing.ask(call))
        if call.wire == "openai.responses" and self._responses is not None:
            await self._responses.recall(call)
        while (first := self.repeats.begin(call)) is not None:
            if (repeated := await self.repeats.answer(first, call)) is not None:
                return self._repeated(call, repeated)
        key = self._inflight.key(call)
        if key is None:
            return await self._model(call)
        if (shared := await self._inflight.join(key)) is not None:
            return self._answered(call, shared)
        with self._inflight.lead(key, call):
            return await self._model(call)

    async def _model(self, call: Call) -> Reply:
        """A model's answer, asked for again as long as a module says that it does not fit."""
        model = call.model
        while True:
            reply = await self.dispatcher.ask(call)
            try:
                return self._inspected(call, reply)
            except AskAgain as wish:
                prepare(call, reply, wish, int(self.clock.now() * 1e6))
                call.model = model

    def _inspected(self, call: Call, reply: Reply) -> Reply:
        """A model's answer: a whole one is inspected and settled here, a stream inspects and settles itself."""
        if reply.chunks is None:
            try:
                self._inspect(call, reply)
            except GatewayError:
                keep_cost(call, reply)
                raise
            add_earlier(call, reply)
            self._settler.settle(call, reply)
        return dress(call, self.repeats.answered(call, reply), self.clock)

    def _repeated(self, call: Call, reply: Reply) -> Reply:
        """The answer that the first call of a key has had, or is having."""
        if reply.chunks is None:
            self._settler.settle(call, reply)
        else:
            reply.chunks = self._settler.replayed(call, reply, reply.chunks)
        return dress(call, reply, self.clock)

    def _answered(self, call: Call, reply: Reply) -> Reply:
        """An answer without a model: inspected, settled, streamed if the client asked for a stream."""
        no_more(call)
        self._inspect(call, reply)
        self._settler.settle(call, reply)
        if call.view.stream and reply.status == 200:
            to_stream = WIRES[call.endpoint].to_stream
            assert to_stream is not None
            reply.body = b"".join(to_stream(reply.body, call))
            reply.content_type = b"text/event-stream; charset=utf-8"
        return dress(call, self.repeats.answered(call, reply), self.clock)

    def _inspect(self, call: Call, reply: Reply) -> None:
        for hook, module in self._keeper.plane.chain(call.tenant).on_reply:
            try:
                hook(call, reply)
            except Exception as error:  # noqa: BLE001 - a module's failure stance is applied here
                on_trouble(call, module, error)

    def _refused(self, call: Call, error: GatewayError) -> Reply:
        """An error as a reply, on record unless the record itself is what failed."""
        self.repeats.failed(call)
        reply = error_reply(call, error)
        if error.detail.get("outcome") == "unknown" or error.detail.get("upstream_status") == 200:
            # the provider may have done the work, so this is not known to be free
            reply.provider = error.detail["provider"]
            estimate_usage(call, reply)
            self._settler.price(call, reply)
        add_earlier(call, reply)
        if not isinstance(error, RecordUnavailable):
            try:
                self._settler.settle(call, reply, error=error)
            except RecordUnavailable as unavailable:
                reply = error_reply(call, unavailable)
        return dress(call, reply, self.clock)


def broken(error: Exception, call: Call | None = None) -> GatewayError:
    """A bug of ours as an error for the caller: the run id and nothing of the inside. The rest is in the log."""
    log.error("call.broke", run=call.run_id if call else None, error=repr(error), exc_info=error)
    if call is None:
        return GatewayError("Something broke inside the gateway.")
    return GatewayError("Something broke inside the gateway.", run=call.run_id)
