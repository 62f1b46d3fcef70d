"""Background work on runs: what agents did is counted, and their trust scored again."""

from __future__ import annotations

from headgate.govern.agents import service as agents
from headgate.govern.agents.hot import Past
from headgate.govern.approvals import service as approvals
from headgate.kernel.clock import to_us
from headgate.operate.jobs.schemas import JobContext, JobSpec, Json
from headgate.record.runs.queries import counting

EVERY_S = 600
WINDOW_US = 30 * 24 * 3600 * 1_000_000
GUARDED = ("guardrail_blocked", "tool_refused", "policy_denied")  # refusals that count as anomalies


async def rescore(context: JobContext) -> Json:
    """Score the agents of every tenant again."""
    services = context.services
    since_us = to_us(services.clock.now()) - WINDOW_US
    async with services.database.reading() as db:
        tenants = await agents.tenants(db)
    changed = 0
    for tenant in tenants:
        changed += len(await _rescore(context, tenant, since_us))
    return {"tenants": len(tenants), "tiersChanged": changed}


async def _rescore(context: JobContext, tenant: str, since_us: int) -> list[str]:
    services = context.services
    async with services.database.reading() as db:
        counted = await counting.by_agent(db, tenant, since_us, GUARDED)
        decided = await approvals.by_agent(db, tenant, since_us)
    pasts = {
        agent: Past(runs, blocked, anomalies, *decided.get(agent, (0, 0)))
        for agent, (runs, blocked, anomalies) in counted.items()
    }
    async with services.database.writing() as db:
        changed = await agents.rescore(db, tenant, pasts, ids=services.ids, clock=services.clock)
    if changed:
        await services.notices.changed(agents.PART, tenant)
    return changed


TRUST = JobSpec("trust", rescore, every_s=EVERY_S)
JOBS = (TRUST,)
