"""`POST /api/v1/policies/test`."""

from __future__ import annotations

from typing import Any, cast

from headgate.govern.policies import service as policies
from headgate.govern.policies.hot import Loaded, PolicySet, Who
from headgate.govern.policies.service import PolicyKeeper, analyse
from headgate.govern.trials.dry_run import compare
from headgate.govern.trials.schemas import Trial, TrialResult
from headgate.kernel.clock import parse_time
from headgate.kernel.errors import BadRequest
from headgate.record.runs import service as runs
from headgate.record.runs.hot import Recorder
from headgate.rim.context import Context, Reading
from headgate.rim.router import Router, json_reply

router = Router("policies")
DRAFT = "draft"


def _time(name: str, text: str | None) -> int | None:
    try:
        return parse_time(text) if text else None
    except (ValueError, OverflowError):
        raise BadRequest(f"`{name}` is not a time. Use ISO 8601 or seconds since 1970.", param=name) from None


@router.post("/api/v1/policies/test", right="policies:admin", response=TrialResult)
async def try_policy(ctx: Reading, body: Trial) -> Any:
    """Try a draft on stored traffic: every decision that would change, and nothing does."""
    draft = Loaded(policies.read(body.policy), "api", DRAFT)
    keeper = cast(PolicyKeeper, ctx.services.hot["policies"])
    held = [*keeper.files.loaded(), *(await policies.stored(ctx.db, ctx.tenant)).get(ctx.tenant, [])]
    if body.replaces is not None and body.replaces not in {each.id for each in held}:
        raise BadRequest(f"There is no policy {body.replaces!r} to replace.", param="replaces")
    with_draft = [*(each for each in held if each.id != body.replaces), draft]
    chosen = runs.RunFilter(
        app=body.app, agent=body.agent, model=body.model, since_us=_time("since", body.since),
        until_us=_time("until", body.until),
    )  # fmt: skip
    past = runs.past(_look(ctx), chosen, most=body.limit)
    outcome = await compare(past, PolicySet.of(held), PolicySet.of(with_draft), _who_is(ctx))
    odd = [{"kind": each.kind, "policy": each.policy, "text": each.text} for each in analyse(with_draft)]
    return json_reply(outcome.as_dict() | {"analysis": odd})


def _look(ctx: Context) -> runs.Look:
    return runs.Look(ctx.db, ctx.caller, cast(Recorder, ctx.services.recorder), ctx.clock)


def _who_is(ctx: Context) -> Any:
    """The agents as they are today: tags and tier."""
    agents: Any = ctx.services.hot.get("agents")

    def who(agent: str) -> Who:
        return Who(agent) if agents is None else Who(agent, *agents.of(ctx.tenant, agent))

    return who
