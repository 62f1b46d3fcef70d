"""Who is calling: the outcome of authentication, carried by every call and every API request."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from headgate.kernel.errors import Forbidden

Mode = Literal["observe", "optimize"]
KeyKind = Literal["pk", "sy", "sy_admin", "po_live", "bootstrap", "open", "internal"]

DEFAULT_TENANT = "ten_default"
DEFAULT_APP = "default-app"
ANONYMOUS_AGENT = "anonymous"
ALL_RIGHTS = frozenset({"*"})


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated (or open-mode) caller. `rights` are `area:verb`; `*` and `area:*` are wildcards."""

    tenant: str
    kind: KeyKind
    rights: frozenset[str] = field(default_factory=frozenset[str])
    mode: Mode = "optimize"
    key_id: str | None = None
    user_id: str | None = None
    app_pin: str | None = None
    environment: str | None = None
    admin: bool = False
    provider_key: str | None = field(default=None, repr=False)  # the caller's own upstream key, never stored
    provider_key_first: bool = False  # sent in `x-headgate-provider-key`: used even when the server has a key

    def may(self, right: str) -> bool:
        """Does one of the caller's rights cover `right`?"""
        rights = self.rights
        return right in rights or "*" in rights or f"{right.partition(':')[0]}:*" in rights

    def need(self, right: str) -> None:
        """Raise Forbidden, naming the right, when the caller does not have it."""
        if not self.may(right):
            raise Forbidden(f"This key may not do that: it needs the right {right}.", right=right)

    def whole_tenant(self, what: str) -> str:
        """The tenant, of a caller who may see all of its apps at once. Raises Forbidden for a key that is pinned to one app."""
        if self.app_pin is not None:
            raise Forbidden(f"This key is pinned to one app; {what} are those of all apps together.")
        return self.tenant

    def with_provider_key(self, key: str | None, *, first: bool = False) -> Caller:
        return self if key is None else replace(self, provider_key=key, provider_key_first=first)


def open_caller() -> Caller:
    """Who a headerless call is in open mode: admin of the default tenant."""
    return Caller(DEFAULT_TENANT, "open", ALL_RIGHTS, admin=True, user_id="usr_default")
