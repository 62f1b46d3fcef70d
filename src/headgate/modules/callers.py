"""Who a call belongs to, by the words of module settings, and the share of callers it falls in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from headgate.call.call import Call

Who = Literal["key", "user", "app", "project", "session", "agent", "ip", "tenant"]
Sticky = Literal["user", "session", "call"]


WHO: Mapping[Who, Callable[[Call], str]] = MappingProxyType({
    "key": lambda call: call.caller.key_id or f"app:{call.app}",
    "user": lambda call: call.subject or call.caller.user_id or "",
    "app": lambda call: call.app,
    "project": lambda call: call.project,
    "session": lambda call: call.session,
    "agent": lambda call: call.agent,
    "ip": lambda call: call.peer,
    "tenant": lambda call: call.caller.tenant,
})  # fmt: skip
"""The name under which a call counts; empty when it has none of this kind."""


def share(call: Call, salt: str, by: Sticky = "call") -> float:
    """A number from 0 up to 1 that is the same for equal `salt` and the same user or session, and else anything."""
    name = call.run_id
    if by == "session":
        name = call.session or name
    elif by == "user":
        name = call.subject or call.session or call.caller.user_id or call.caller.key_id or name
    digest = hashlib.blake2b(f"{salt}\0{call.caller.tenant}\0{name}".encode(), digest_size=7).digest()
    return int.from_bytes(digest) / (1 << 56)
