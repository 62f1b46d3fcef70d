"""What would happen to a call, without calling anyone: no limit is used, no money held, nothing put on record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from headgate.call.call import Call, Reply
from headgate.call.module import Module, Phase, Tools
from headgate.call.policy import DEFAULT, Policy
from headgate.gateway.chain import Chain, Step, compile_chain, run_steps, wait_step
from headgate.gateway.dispatch import Dispatcher
from headgate.gateway.dry import dry_tools
from headgate.gateway.intake import Intake, Request
from headgate.gateway.plane import PlaneKeeper
from headgate.gateway.upstreams.order import Dropped, Line
from headgate.kernel import json
from headgate.kernel.clock import Clock
from headgate.kernel.errors import BadRequest, GatewayError
from headgate.kernel.money import to_usd
from headgate.record.spend.hot import Purse, likely_cost, most_cost
from headgate.wire.spec import WIRES
from headgate.wire.translate import needs_translation

CHAT, MESSAGES, RESPONSES, COMPLETIONS, EMBEDDINGS = (
    "/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/completions", "/v1/embeddings",
)  # fmt: skip
CACHE = "cachelayer"

Shown = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Explainer:
    """Explains calls. `tools` are those of the modules."""

    clock: Clock
    keeper: PlaneKeeper
    dispatcher: Dispatcher
    intake: Intake
    tools: Tools
    purse: Purse

    async def explain(self, request: Request, endpoint: str = "") -> Shown:
        """Everything that is known before a model is asked. Raises GatewayError when it would not even be a call."""
        path = endpoint or endpoint_of(request)
        if path not in WIRES or WIRES[path].model_in_path:
            known = ", ".join(sorted(path for path, spec in WIRES.items() if not spec.model_in_path))
            raise BadRequest(
                f"There is no endpoint {path[:80]!r} to explain. Known: {known}.", param="endpoint"
            )
        request.path = path
        plane = self.keeper.plane
        call = self.intake.open(request, plane)
        asked = call.model
        chain = plane.chain(call.tenant)
        dry = dry_tools(self.tools)
        configs = {module.spec.name: module.config for module in chain.modules}
        tried = compile_chain([type(module) for module in chain.modules], configs, dry)
        modules, refusal, served = await _walk(call, tried)
        shown: Shown = {
            "endpoint": path, "wire": call.wire, "stream": call.view.stream, "model": asked,
            "caller": {"tenant": call.tenant, "key": call.caller.key_id, "mode": call.caller.mode, "app": call.app},
            "modules": modules, "refusal": refusal,
            "cache": {"state": "hit" if served else call.notes.get("cache.state") or "not cacheable"},
        }  # fmt: skip
        shown |= self._targets(call, refusal is not None, served=served)
        shown |= {"caps": self._caps(call), "explanation": call.explanation, "warnings": call.warnings}
        return shown

    def _targets(self, call: Call, refused: bool, *, served: bool) -> Shown:
        """Who would be asked, in this order, and what it would cost."""
        policy: Policy = call.notes.get("policy", DEFAULT)
        shown: Shown = {
            "strategy": policy.strategy, "retries": policy.retries, "candidates": [], "dropped": [],
            "estimatedCostUsd": 0.0 if served else None, "maxCostUsd": 0.0 if served else None,
        }  # fmt: skip
        try:
            targets = self.dispatcher.targets(call)
        except GatewayError as error:
            return shown | {
                "verdict": "refused",
                "refusal": {"by": "routing", "code": error.code, "message": error.message},
            }
        plan = self.dispatcher.planner.plan(call, targets, policy, self.clock.monotonic())
        later = {id(each.line): each for each in plan.later}
        shown["candidates"] = [self._candidate(call, line, later.get(id(line))) for line in plan.lines]
        shown["dropped"] = [
            {**_named(each.line), "reason": each.why, "retryInS": round(each.retry_in_s, 3)} for each in plan.dropped
        ]  # fmt: skip
        if plan.lines and not served:
            first = plan.lines[0].target
            prices, name = self.keeper.plane.prices, first.provider.name
            shown["estimatedCostUsd"] = to_usd(likely_cost(call, prices, name, first.upstream_model))
            shown["maxCostUsd"] = to_usd(most_cost(call, prices, name, first.upstream_model))
        verdict = "refused" if refused else "cache" if served else "live" if plan.lines else "circuit_open"
        return shown | {"verdict": verdict}

    def _candidate(self, call: Call, line: Line, later: Dropped | None) -> Shown:
        provider = line.target.provider
        translated = None if call.wire in provider.speaks else needs_translation(call.wire, provider)
        return {
            **_named(line), "weight": line.target.weight, "state": line.way.breaker.state,
            "latencyMs": round(line.way.latency.seconds * 1000, 3), "inFlight": line.way.service.room.in_flight,
            "limit": line.way.service.room.limit, "translatedTo": translated,
            "reason": "ready" if later is None else later.why,
        }  # fmt: skip

    def _caps(self, call: Call) -> list[Shown]:
        shown: list[Shown] = []
        for payer, cap in self.purse.standings(call):
            spent = self.purse.counters(payer, call.received_us)
            today, month, held = (None, None, None) if spent is None else spent
            shown.append({
                "scope": payer.scope, "name": payer.name, "soft": cap.soft,
                "dailyUsd": to_usd(cap.daily_pico) or None, "monthlyUsd": to_usd(cap.monthly_pico) or None,
                "spentTodayUsd": to_usd(today), "spentMonthUsd": to_usd(month), "heldUsd": to_usd(held),
            })  # fmt: skip
        return shown


async def _walk(call: Call, chain: Chain) -> tuple[list[Shown], Shown | None, bool]:
    """(what each module said, the refusal, was it in the cache?). Modules that would answer are named, not asked."""
    modules: list[Shown] = []
    refusal: Shown | None = None
    served = False
    by_module: dict[Module[Any], Step] = {step.module: step for step in chain.steps_for(call)}
    for module in chain.modules:
        name, phase = module.spec.name, module.spec.phase
        row: Shown = {"name": name, "phase": phase.name.lower()}
        step = by_module.get(module)
        modules.append(row)
        if refusal is not None or step is None or served:
            row["verdict"] = "not reached" if (refusal or served) and step is not None else "after the answer"
            continue
        if phase is Phase.ANSWER and name != CACHE:
            row["verdict"] = "not tried: it may answer or ask by itself"
            continue
        before = (call.model, call.body, call.notes.get("targets"))
        try:
            reply = await _run(call, step)
        except GatewayError as error:
            refusal = {"by": name, "code": error.code, "status": error.status, "message": error.message}
            row |= {"verdict": "refuses", "code": error.code, "message": error.message}
            continue
        served = reply is not None
        changed = before != (call.model, call.body, call.notes.get("targets"))
        row["verdict"] = "answers" if served else "changes the call" if changed else "passes"
        if changed:
            row |= {"model": call.model, "bodyChanged": before[1] != call.body}
    return modules, refusal, served


async def _run(call: Call, step: Step) -> Reply | None:
    outcome = run_steps(call, (step,))
    return await wait_step(call, step) if isinstance(outcome, int) else outcome


def _named(line: Line) -> Shown:
    return {
        "provider": line.target.provider.name,
        "model": line.target.upstream_model,
        "key": line.way.key_ref,
    }


def endpoint_of(request: Request) -> str:
    """The endpoint that a body is for: by its headers and fields."""
    try:
        fields = json.decode(request.body)
    except (ValueError, RecursionError):
        fields = None
    names = cast("dict[str, Any]", fields) if isinstance(fields, dict) else {}
    if b"anthropic-version" in request.headers:
        return MESSAGES
    if "messages" in names:
        return CHAT
    if "prompt" in names:
        return COMPLETIONS
    return RESPONSES if "input" in names else CHAT
