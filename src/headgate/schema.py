"""Every table of every room in one metadata: what the schema test compares a migrated database with."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from headgate.govern.agents import tables as agents
from headgate.govern.approvals import tables as approvals
from headgate.govern.evidence import tables as evidence
from headgate.govern.guardrails import tables as guardrails
from headgate.govern.ledger import tables as ledger
from headgate.govern.policies import tables as policies
from headgate.identity.accounts import tables as accounts
from headgate.identity.credentials import tables as credentials
from headgate.identity.keys import tables as keys
from headgate.identity.settings import tables as own_settings
from headgate.operate.jobs import tables as jobs
from headgate.operate.modules_admin import tables as modules
from headgate.operate.providers import tables as providers
from headgate.operate.webhooks import tables as webhooks
from headgate.record.runs import tables as runs
from headgate.record.spend import tables as spend
from headgate.store import versions
from headgate.store.engine import metadata

TABLES = (
    agents,
    approvals,
    policies,
    evidence,
    credentials,
    guardrails,
    ledger,
    accounts,
    keys,
    own_settings,
    jobs,
    modules,
    providers,
    webhooks,
    runs,
    spend,
    versions,
)


def all_tables() -> sa.MetaData:
    """The metadata with the tables of every room."""
    missing = tables_in(TABLES) ^ set(metadata.tables)
    assert not missing, f"say in schema.py where these tables are: {sorted(missing)}"
    return metadata


def tables_in(modules: Iterable[object]) -> set[str]:
    """The names of the tables that stand in `modules`."""
    return {each.name for module in modules for each in vars(module).values() if isinstance(each, sa.Table)}
