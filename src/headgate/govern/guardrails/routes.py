"""`/api/guardrails`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

from headgate.govern.guardrails import service
from headgate.govern.guardrails.rules import Rule
from headgate.govern.guardrails.schemas import (
    EventList,
    NewRule,
    RuleChange,
    RuleList,
    RuleMade,
    RuleView,
    Stats,
    Trial,
    TrialResult,
)
from headgate.govern.guardrails.service import PART, Acting
from headgate.kernel.clock import iso
from headgate.kernel.pages import page_body
from headgate.rim.context import CaughtUp, Context, Reading, Writing
from headgate.rim.router import PageQuery, Router

router = Router("guardrails")
SHOWN_CHARS = 100


@router.get("/api/guardrails", right="guardrails:read", response=RuleList)
async def list_guardrails(
    ctx: Reading,
    project: Annotated[str | None, Query(description="Only rules that hold for this project.")] = None,
) -> Any:
    """Every rule of this tenant, also those that are switched off, in the order in which they judge."""
    rules = await service.listed(ctx.db, ctx.tenant, project)
    return {"rules": [_body(rule) for rule in rules], "count": len(rules)}


@router.post("/api/guardrails", right="guardrails:write", status=201, response=RuleMade)
async def create_guardrail(ctx: Writing, body: NewRule) -> Any:
    """Make a rule. It holds from the next call on, in every other process within a second."""
    rule = await service.create(ctx.db, _acting(ctx), body.model_dump())
    ctx.changed(PART)
    return {"id": rule.id, "status": "created"}


@router.post("/api/guardrails/test", right="guardrails:read", response=TrialResult)
async def test_guardrails(ctx: Reading, body: Trial) -> Any:
    """Try the rules on a text. No provider is called, nothing is counted, kept or announced."""
    ways = {"both", body.direction}
    rules = [
        rule
        for rule in await service.listed(ctx.db, ctx.tenant, None)
        if body.direction in (None, "both") or rule.direction in ways
    ]
    found = service.try_out(rules, body.text, body.project)
    matches = [
        {
            "rule_name": match.rule.name, "rule_type": match.rule.type, "action": match.rule.action,
            "match": body.text[match.start : match.end][:SHOWN_CHARS],
        }
        for match in found
    ]  # fmt: skip
    return {"matches": matches, "count": len(matches)}


@router.get("/api/guardrails/stats", right="guardrails:read", response=Stats)
async def guardrail_stats(_: CaughtUp, ctx: Reading) -> Any:
    """How often rules blocked, flagged and redacted, and which ones."""
    return await service.stats(ctx.db, ctx.tenant)


@router.get("/api/guardrails/events", right="guardrails:read", response=EventList)
async def guardrail_events(_: CaughtUp, ctx: Reading, page: PageQuery) -> Any:
    """What rules found of late, newest first."""
    rows, total = await service.events(ctx.db, ctx.tenant, page)
    return page_body("events", rows, page, total)


@router.get("/api/guardrails/{id}", right="guardrails:read", response=RuleView)
async def get_guardrail(ctx: Reading, id: str) -> Any:
    """One rule."""
    return _body(await service.find(ctx.db, ctx.tenant, id))


@router.put("/api/guardrails/{id}", right="guardrails:write", response=RuleMade)
async def update_guardrail(ctx: Writing, id: str, body: RuleChange) -> Any:
    """Change some fields of a rule; the others stay."""
    given = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    await service.change(ctx.db, _acting(ctx), id, given)
    ctx.changed(PART)
    return {"id": id, "status": "updated"}


@router.delete("/api/guardrails/{id}", right="guardrails:write", response=RuleMade)
async def delete_guardrail(ctx: Writing, id: str) -> Any:
    """Remove a rule. What it found stays in events and sums."""
    await service.remove(ctx.db, _acting(ctx), id)
    ctx.changed(PART)
    return {"id": id, "status": "deleted"}


def _acting(ctx: Context) -> Acting:
    return Acting(ctx.caller, ctx.ids, ctx.clock)


def _body(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id, "name": rule.name, "type": rule.type, "pattern": rule.pattern, "action": rule.action,
        "direction": rule.direction, "project": rule.project, "enabled": rule.enabled, "priority": rule.priority,
        "description": rule.description, "created_at": iso(rule.created_us), "updated_at": iso(rule.updated_us),
    }  # fmt: skip
