"""Making and finding tenants; the default tenant and user that every server has."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.caller import DEFAULT_TENANT, Caller
from headgate.identity.accounts import queries
from headgate.kernel.clock import Clock, to_us
from headgate.kernel.errors import Forbidden, GatewayError, NotFound
from headgate.kernel.ids import Ids

DEFAULT_USER = "usr_default"


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant as the API shows it."""

    id: str
    name: str
    created_us: int


async def seed(db: AsyncConnection, clock: Clock) -> None:
    """Make the default tenant and its user, unless they are there. Call it at every start."""
    now = to_us(clock.now())
    await queries.add_tenant(db, {"id": DEFAULT_TENANT, "name": "Default", "created_us": now})
    await queries.add_user(db, {"id": DEFAULT_USER, "email": None, "name": "Default user", "created_us": now})
    await queries.add_membership(
        db, {"tenant": DEFAULT_TENANT, "user_id": DEFAULT_USER, "role": "owner", "created_us": now}
    )


async def create_tenant(db: AsyncConnection, name: str, *, ids: Ids, clock: Clock) -> Tenant:
    """A new, empty tenant."""
    tenant = Tenant(ids.new("ten"), name, to_us(clock.now()))
    await queries.add_tenant(db, {"id": tenant.id, "name": tenant.name, "created_us": tenant.created_us})
    return tenant


async def find_tenant(db: AsyncConnection, tenant: str) -> Tenant:
    """Raises NotFound."""
    row = await queries.tenant(db, tenant)
    if row is None:
        raise NotFound("This project does not exist.")
    return Tenant(row["id"], row["name"], row["created_us"])


def check_signup(
    visitor: Caller | None, refusal: GatewayError | None, *, protected: bool, signup: str
) -> None:
    """May this visitor make a new tenant? Open mode and HEADGATE_SIGNUP=open: whoever the door lets in (a key is then
    not needed). Protected mode: an admin of the default tenant, who is the operator. Raises the refusal."""
    if visitor is None:
        if protected and signup == "open":
            return
        assert refusal is not None
        raise refusal
    if protected and signup != "open" and not is_operator(visitor):
        raise Forbidden("Only an admin of this server may create projects here.", right="projects:admin")


def is_operator(caller: Caller) -> bool:
    """An admin of the default tenant, not pinned to an app: whoever runs this server."""
    return caller.tenant == DEFAULT_TENANT and caller.app_pin is None and caller.may("projects:admin")
