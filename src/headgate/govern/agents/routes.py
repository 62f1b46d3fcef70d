"""`/api/v1/agents`: those that act under a name."""

from __future__ import annotations

from typing import Any

from headgate.govern.agents import queries, service
from headgate.govern.agents.schemas import Agent, AgentChange, Agents
from headgate.govern.ledger.service import Author
from headgate.kernel.pages import page_body
from headgate.rim.context import CaughtUp, Reading, Writing
from headgate.rim.router import PageQuery, Router

router = Router("agents")

WHOLE = "agents and their trust"


@router.get("/api/v1/agents", right="agents:read", response=Agents)
async def list_agents(_: CaughtUp, ctx: Reading, page: PageQuery, kind: str | None = None) -> Any:
    """Agents and their trust, those seen last first."""
    tenant = ctx.caller.whole_tenant(WHOLE)
    if kind not in (None, "identity"):
        return page_body("agents", [], page, 0)
    rows, total = await queries.listed(ctx.db, tenant, page)
    return page_body("agents", [service.shown(row) for row in rows], page, total)


@router.get("/api/v1/agents/{id}", right="agents:read", response=Agent)
async def get_agent(_: CaughtUp, ctx: Reading, id: str) -> Any:
    """One agent, by id or name."""
    return service.shown(await service.find(ctx.db, ctx.caller.whole_tenant(WHOLE), id))


@router.patch("/api/v1/agents/{id}", right="agents:admin", response=Agent)
async def change_agent(_: CaughtUp, ctx: Writing, id: str, body: AgentChange) -> Any:
    """Set an agent's tags or tier. It holds from the next call on, and is in the ledger with your reason."""
    ctx.caller.whole_tenant(WHOLE)
    changed = await service.change(ctx.db, Author(ctx.caller, ctx.ids, ctx.clock), id, body)
    ctx.changed(service.PART)
    return changed
