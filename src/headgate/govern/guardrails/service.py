"""The rules of guardrails: made, changed, removed, tried out on a text without a trace, and what they came to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.caller import Caller
from headgate.govern.guardrails import queries
from headgate.govern.guardrails.rules import BadPattern, Match, Rule, RuleBook, RuleSet, compiled
from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.service import Act
from headgate.kernel.clock import Clock, iso, to_us
from headgate.kernel.errors import BadRequest, Conflict, NotFound
from headgate.kernel.ids import Ids
from headgate.kernel.pages import Page
from headgate.store.engine import Database

PART = "guardrails"  # of the plane
MAX_RULES = 1000
FLAGS = ("warn", "log")
_COLUMNS = tuple(each.name for each in fields(Rule))


class RuleNotFound(NotFound):
    code = "guardrail_not_found"


class NameTaken(Conflict):
    code = "guardrail_exists"


class Acting:
    """Who changes a rule, and what that takes besides the database."""

    def __init__(self, caller: Caller, ids: Ids, clock: Clock) -> None:
        self.tenant = caller.tenant
        self.actor = caller.key_id or caller.user_id or caller.kind
        self.ids = ids
        self.clock = clock
        self.now_us = to_us(clock.now())


async def load(db: AsyncConnection, tenant: str | None = None) -> dict[str, list[Rule]]:
    """The rules by tenant, in the order in which they judge."""
    found: dict[str, list[Rule]] = {}
    for row in await queries.every(db, tenant):
        found.setdefault(row["tenant"], []).append(_rule(row))
    return found


async def load_book(database: Database) -> RuleBook:
    """The rules of all tenants, as they judge."""
    book = RuleBook()
    async with database.reading() as db:
        for tenant, rules in (await load(db)).items():
            book.put(tenant, rules)
    return book


def book_builder(database: Database, book: RuleBook) -> Callable[[object, str], Awaitable[dict[str, Any]]]:
    """The builder of the plane's part: a tenant's rules are read again and hold from the next call on."""

    async def build(_plane: object, tenant: str) -> dict[str, Any]:
        async with database.reading() as db:
            book.put(tenant, (await load(db, tenant)).get(tenant, ()))
        return {}

    return build


async def listed(db: AsyncConnection, tenant: str, project: str | None) -> list[Rule]:
    """All rules, those switched off too; with `project` those that hold for it."""
    return [_rule(row) for row in await queries.every(db, tenant, project)]


async def find(db: AsyncConnection, tenant: str, rule_id: str) -> Rule:
    row = await queries.one(db, tenant, rule_id)
    if row is None:
        raise RuleNotFound(f"There is no guardrail rule {rule_id!r}.", id=rule_id)
    return _rule(row)


async def create(db: AsyncConnection, acting: Acting, given: Mapping[str, Any]) -> Rule:
    """Make a rule. Raises BadRequest for a pattern that cannot be used, NameTaken for a name that is there already."""
    _check_pattern(given["pattern"])
    if len(await queries.every(db, acting.tenant)) >= MAX_RULES:
        raise BadRequest(f"A tenant has at most {MAX_RULES} guardrail rules.", param="name")
    rule = Rule(id=acting.ids.new("grl"), created_us=acting.now_us, updated_us=acting.now_us, **given)
    try:
        await queries.add(db, {**asdict(rule), "tenant": acting.tenant})
    except IntegrityError:
        raise _taken(rule.name) from None
    await _tell(db, acting, "guardrail.created", None, rule)
    return rule


async def change(db: AsyncConnection, acting: Acting, rule_id: str, given: Mapping[str, Any]) -> Rule:
    """Change some fields of a rule."""
    before = await find(db, acting.tenant, rule_id)
    if not given:
        raise BadRequest("There is nothing to change: name at least one field.", param="name")
    if "pattern" in given:
        _check_pattern(given["pattern"])
    after = replace(before, **given, updated_us=acting.now_us)
    try:
        await queries.change(db, acting.tenant, rule_id, {**given, "updated_us": acting.now_us})
    except IntegrityError:
        raise _taken(after.name) from None
    await _tell(db, acting, "guardrail.updated", before, after)
    return after


async def remove(db: AsyncConnection, acting: Acting, rule_id: str) -> None:
    before = await find(db, acting.tenant, rule_id)
    await queries.remove(db, acting.tenant, rule_id)
    await _tell(db, acting, "guardrail.deleted", before, None)


def try_out(rules: Iterable[Rule], text: str, project: str) -> list[Match]:
    """What the rules that are on would find in `text`. Nothing is counted, kept or announced."""
    on = [rule for rule in rules if rule.enabled]
    return RuleSet(on).find(text, project) if on else []


async def events(db: AsyncConnection, tenant: str, page: Page) -> tuple[list[dict[str, Any]], int]:
    """What rules found of late, newest first."""
    rows, total = await queries.events(db, tenant, page)
    return [
        {
            "id": row["id"], "timestamp": iso(row["at_us"]), "rule_name": row["rule_name"], "rule_type": row["rule_type"],
            "action": row["action"], "direction": row["direction"], "project": row["project"], "model": row["model"],
            "match_text": row["match_text"], "matches": row["matches"], "request_id": row["run_id"],
        }
        for row in rows
    ], total  # fmt: skip


async def stats(db: AsyncConnection, tenant: str) -> dict[str, Any]:
    """How often calls were blocked, flagged and redacted, and by which rule; since the first of them."""
    sums = await queries.sums(db, tenant)

    def of(*actions: str) -> int:
        return sum(row["hits"] for row in sums if row["action"] in actions)

    hits: dict[str, int] = {}
    for row in sums:
        hits[row["rule_name"]] = hits.get(row["rule_name"], 0) + row["hits"]
    since = min((row["since_us"] for row in sums), default=None)
    return {
        "blocked": of("block"), "flagged": of(*FLAGS), "redacted": of("redact"), "rule_hits": hits,
        "since": None if since is None else iso(since),
    }  # fmt: skip


def _check_pattern(pattern: str) -> None:
    try:
        compiled(pattern)
    except BadPattern as error:
        raise BadRequest(f"The pattern cannot be used: {error}.", param="pattern") from None


def _taken(name: str) -> NameTaken:
    return NameTaken(f"There is a guardrail rule {name!r} already.", param="name")


async def _tell(
    db: AsyncConnection, acting: Acting, kind: str, before: Rule | None, after: Rule | None
) -> None:
    rule = after or before
    assert rule is not None
    detail = {"before": before and asdict(before), "after": after and asdict(after)}
    act = Act.now(acting.ids, acting.clock, kind=kind, actor=acting.actor, target=rule.name, detail=detail)
    await ledger.append(db, acting.tenant, act)


def _rule(row: RowMapping) -> Rule:
    return Rule(**{name: row[name] for name in _COLUMNS})
