"""Policies on what is said: each is kept here and compiled to guardrail rules, which do the judging."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.guardrails import service as guardrails
from headgate.govern.ledger.service import Author
from headgate.govern.policies import queries
from headgate.govern.policies.schemas import ContentPolicy, ContentRule, PolicyChange, TrustPolicy
from headgate.govern.policies.service import NameTaken, NoSuchPolicy
from headgate.kernel import json
from headgate.kernel.errors import BadRequest

PART = guardrails.PART  # of the plane: the rules are guardrail rules
KIND = "content"
PREFIX = "pcy_"
DIRECTIONS: Mapping[str, str] = {"request.content": "input", "response.content": "output", "content": "both"}
_SPECIAL = re.compile(r"([.^$*+?()\[\]{}|\\])")


def is_content(policy_id: str) -> bool:
    return policy_id.startswith(PREFIX)


async def create(db: AsyncConnection, author: Author, body: TrustPolicy) -> str:
    """Make the policy and its rules; they judge from the next call on. Raises BadRequest or NameTaken."""
    policy = _read(body.as_content())
    policy_id = PREFIX + author.ids.new("pol").removeprefix("pol_")
    now_us = author.now_us
    enabled = body.enabled is not False
    row = {
        "tenant": author.tenant, "id": policy_id, "name": policy.name, "kind": KIND, "enabled": enabled, "revision": 1,
        "document": policy.model_dump_json(), "created_us": now_us, "updated_us": now_us,
    }  # fmt: skip
    try:
        await queries.add(db, row)
    except IntegrityError:
        raise NameTaken(f"There is a policy {policy.name!r} already.", param="name") from None
    acting = _acting(author)
    for rule in _rules(policy, policy_id):
        await guardrails.create(db, acting, {**rule, "enabled": enabled})
    return policy_id


async def change(db: AsyncConnection, author: Author, policy_id: str, body: PolicyChange) -> None:
    """Switch it on or off, or replace what it says."""
    row = await _row(db, author.tenant, policy_id)
    before = ContentPolicy.model_validate_json(row.document)
    enabled = bool(row.enabled) if body.enabled is None else body.enabled
    given = {name: getattr(body, name) for name in ("name", "action", "rules", "description")}
    fields = json.decode(before.model_dump_json()) | {k: v for k, v in given.items() if v is not None}
    policy = _read(fields)
    values = {
        "name": policy.name, "document": policy.model_dump_json(), "enabled": enabled, "updated_us": author.now_us,
    }  # fmt: skip
    await queries.change(db, author.tenant, policy_id, values)
    acting = _acting(author)
    await _drop_rules(db, acting, policy_id)
    for rule in _rules(policy, policy_id):
        await guardrails.create(db, acting, {**rule, "enabled": enabled})


async def remove(db: AsyncConnection, author: Author, policy_id: str) -> None:
    """Remove it with its rules."""
    await _row(db, author.tenant, policy_id)
    await _drop_rules(db, _acting(author), policy_id)
    await queries.remove(db, author.tenant, policy_id)


async def one(db: AsyncConnection, tenant: str, policy_id: str) -> dict[str, Any]:
    return _trust(await _row(db, tenant, policy_id))


async def as_trust(db: AsyncConnection, tenant: str) -> list[dict[str, Any]]:
    """All of a tenant's, as `/api/trust/policies` shows them."""
    return [_trust(row) for row in await queries.every(db, tenant, KIND)]


async def shown(db: AsyncConnection, tenant: str) -> list[dict[str, Any]]:
    """Content policies and the guardrail rules that belong to none, as `/api/v1/policies` lists them."""
    policies = [
        {"source": "api", "kind": KIND, **_trust(row)} for row in await queries.every(db, tenant, KIND)
    ]
    rules = [
        {
            "id": rule.id, "name": rule.name, "source": "guardrail", "enabled": rule.enabled, "type": rule.type,
            "pattern": rule.pattern, "action": rule.action, "direction": rule.direction, "project": rule.project,
        }
        for rule in await guardrails.listed(db, tenant, None)
        if not rule.description.startswith(_mark(""))
    ]  # fmt: skip
    return [*policies, *rules]


def _trust(row: Any) -> dict[str, Any]:
    policy = json.decode(row.document)
    return {
        "id": row.id, "name": row.name, "type": policy["action"], "config": policy, "enabled": bool(row.enabled),
        "action": policy["action"], "rules": policy["rules"],
    }  # fmt: skip


async def _row(db: AsyncConnection, tenant: str, policy_id: str) -> Any:
    row = await queries.one(db, tenant, policy_id)
    if row is None or row.kind != KIND:
        raise NoSuchPolicy(f"There is no policy {policy_id!r}.", id=policy_id)
    return row


async def _drop_rules(db: AsyncConnection, acting: guardrails.Acting, policy_id: str) -> None:
    for rule in await guardrails.listed(db, acting.tenant, None):
        if rule.description == _mark(policy_id):
            await guardrails.remove(db, acting, rule.id)


def _acting(author: Author) -> guardrails.Acting:
    return guardrails.Acting(author.caller, author.ids, author.clock)


def _mark(policy_id: str) -> str:
    return f"of the policy {policy_id}"


def _read(fields: Mapping[str, Any]) -> ContentPolicy:
    try:
        policy = ContentPolicy.model_validate(fields)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"]) or "policy"
        raise BadRequest(f"{where}: {problem['msg']}.", param=where) from None
    for number, rule in enumerate(policy.rules):
        if rule.field not in DIRECTIONS:
            raise BadRequest(
                f"rules.{number}.field: {rule.field!r} cannot be judged; {', '.join(DIRECTIONS)} can. For models, callers "
                "and tools make a policy on actions with a condition in `when`.",
                param=f"rules.{number}.field",
            )
    return policy


def _rules(policy: ContentPolicy, policy_id: str) -> list[dict[str, Any]]:
    """One guardrail rule for each direction: any of its patterns matches."""
    by_direction: dict[str, list[str]] = {}
    for rule in policy.rules:
        by_direction.setdefault(DIRECTIONS[rule.field], []).append(_pattern(rule))
    return [
        {
            "name": policy.name if number == 0 else f"{policy.name} ({direction})", "pattern": "|".join(patterns),
            "type": "custom", "action": policy.action, "direction": direction, "project": "*", "priority": 0,
            "description": _mark(policy_id),
        }
        for number, (direction, patterns) in enumerate(by_direction.items())
    ]  # fmt: skip


def _pattern(rule: ContentRule) -> str:
    if rule.operator == "contains":
        return _SPECIAL.sub(r"\\\1", rule.pattern)
    return f"(?:{rule.pattern})"
