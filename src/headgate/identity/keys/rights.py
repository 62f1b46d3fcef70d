"""Rights are `area:verb`. Key kinds and roles are sets of them; nothing else decides who may do what."""

from __future__ import annotations

from headgate.call.caller import ALL_RIGHTS

# What every key may do inside its tenant. A right that is not here needs an admin key.
USER_RIGHTS = frozenset(
    {
        "agents:read",
        "approvals:read",
        "cache:read",
        "calls:write",
        "docs:read",
        "evidence:read",
        "jobs:read",
        "ledger:read",
        "models:read",
        "policies:read",
        "projects:read",
        "providers:read",
        "runs:read",
        "runs:write",
        "savings:read",
        "settings:read",
        "system:read",
        "tools:read",
        "tools:write",
    }
)

KIND_RIGHTS = {
    "pk": USER_RIGHTS,
    "sy": USER_RIGHTS,
    "sy_admin": ALL_RIGHTS,
    "po_live": ALL_RIGHTS,  # in the API of projects every key may do everything in its project
}


def is_admin(rights: frozenset[str]) -> bool:
    return "*" in rights


def covers(mine: frozenset[str], wanted: frozenset[str]) -> bool:
    """Does `mine` hold every right in `wanted`, so that whoever has it may hand them on?"""
    if "*" in mine:
        return True
    return all(right in mine or f"{right.partition(':')[0]}:*" in mine for right in wanted)
