"""Approvals as the hot path knows them: which exact actions wait, and which may happen once.

An approval is bound to a digest of who asks, what for, with which arguments and under which policy. Its id is derived
from the digest and a generation, so that every gateway gives the same wish the same id.
"""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, ClassVar, Literal

from headgate.kernel import json
from headgate.kernel.errors import Forbidden, Unavailable

ASKED, USED = "approvals.asked", "approvals.used"  # keys of a run's explanation: what the drain makes rows of
WISH_US = 7 * 24 * 3600 * 1_000_000  # how long a wish waits for a decision
MAX_LIVE = 10_000  # of one tenant: more wishes than people can decide are refused without one
KEPT_USED = 10_000

State = Literal["pending", "approved"]


class ApprovalRequired(Forbidden):
    """The action waits for approval. `approvalId` is what has to be approved; then the same call passes once."""

    code: ClassVar[str] = "approval_required"


@dataclass(frozen=True, slots=True)
class Wish:
    """An action that needs approval, with everything that the approval is bound to."""

    tenant: str
    requester: str  # key or user
    agent: str
    app: str
    subject: str
    action: str
    tool: str
    arguments: bytes  # canonical
    policy: str
    version: str
    rule: str
    needed: int = 1
    requester_may_decide: bool = False

    @property
    def digest(self) -> bytes:
        parts = (
            self.tenant, self.requester, self.agent, self.app, self.subject, self.action, self.tool,
            sha256(self.arguments).hexdigest(), self.policy, self.version,
        )  # fmt: skip
        return sha256(json.encode(parts)).digest()


@dataclass(slots=True)
class Live:
    """An approval that is pending, or approved and not used yet."""

    id: str
    state: State
    expires_us: int


class ApprovalBook:
    """The live approvals of all tenants, by digest. Used on the event loop only."""

    def __init__(self) -> None:
        self._live: dict[str, dict[bytes, Live]] = {}
        self._generations: dict[tuple[str, bytes], int] = {}
        self._used: deque[str] = deque(maxlen=KEPT_USED)  # here, and perhaps not in the database yet
        self.is_ready = False  # until what earlier processes used is in the database

    def put(self, tenant: str, live: Mapping[bytes, Live], generations: Mapping[bytes, int]) -> None:
        """What the database knows of a tenant. Wishes that it does not know yet stay."""
        kept = {
            digest: each for digest, each in self._live.get(tenant, {}).items()
            if digest not in generations and each.state == "pending"
        }  # fmt: skip
        fresh = {digest: each for digest, each in live.items() if each.id not in self._used}
        self._live[tenant] = {**kept, **fresh}
        for digest, generation in generations.items():
            known = self._generations.get((tenant, digest), 0)
            self._generations[tenant, digest] = max(known, generation)

    def pass_once(self, wish: Wish, now_us: int) -> str:
        """The id of the approval that lets `wish` pass, which is used up by this; "" when there is none. Raises Unavailable."""
        if not self.is_ready:
            raise Unavailable("Approvals are not loaded yet. Try again in a moment.")
        digest = wish.digest
        live = self._live.get(wish.tenant, {})
        found = live.get(digest)
        if found is None or found.state != "approved":
            return ""
        del live[digest]
        self._used.append(found.id)
        self._generations[wish.tenant, digest] = self._generations.get((wish.tenant, digest), 0) + 1
        return found.id if found.expires_us > now_us else ""

    def ask(self, wish: Wish, now_us: int) -> tuple[str, bool]:
        """The id under which `wish` waits, and whether it is new."""
        digest = wish.digest
        live = self._live.setdefault(wish.tenant, {})
        found = live.get(digest)
        if found is not None and found.expires_us > now_us:
            return found.id, False
        key = (wish.tenant, digest)
        if found is not None:  # its time is over
            self._generations[key] = self._generations.get(key, 0) + 1
        if len(live) >= MAX_LIVE:
            for old in [each for each, kept in live.items() if kept.expires_us <= now_us]:
                del live[old]
        if len(live) >= MAX_LIVE:
            raise Forbidden(f"{MAX_LIVE} approvals wait already; decide some of them first.")
        made = Live(id_of(digest, self._generations.get(key, 0)), "pending", now_us + WISH_US)
        live[digest] = made
        return made.id, True


def id_of(digest: bytes, generation: int) -> str:
    """The id of the approval of what has this digest, for the n-th time."""
    mixed = sha256(digest + generation.to_bytes(8)).digest()[:16]
    return "apr_" + base64.b32encode(mixed).decode().rstrip("=").lower()


def asked(wish: Wish, approval_id: str, now_us: int, detail: Mapping[str, Any]) -> dict[str, Any]:
    """What the run's explanation says of a new wish, for the drain to make a row of."""
    return {
        "id": approval_id, "digest": wish.digest.hex(), "asked_us": now_us, "expires_us": now_us + WISH_US,
        "requester": wish.requester, "action": wish.action, "tool": wish.tool, "policy": f"{wish.policy}@{wish.version}",
        "rule": wish.rule, "needed": wish.needed, "requester_may_decide": wish.requester_may_decide, "detail": dict(detail),
    }  # fmt: skip


def live_of(rows: Iterable[Any]) -> tuple[dict[bytes, Live], dict[bytes, int]]:
    """Live approvals and generations, of rows in the order in which they were asked."""
    live: dict[bytes, Live] = {}
    generations: dict[bytes, int] = {}
    for row in rows:
        digest = bytes(row.digest)
        ended = row.status in ("rejected", "used")
        generation = generations.get(digest, 0)
        generations[digest] = generation + ended
        if ended:
            live.pop(digest, None)
        else:
            live[digest] = Live(row.id, "approved" if row.status == "approved" else "pending", row.expires_us)
    return live, generations
