"""The cache as the hot path sees it: entries in memory, bounded in bytes, with a disk tier behind them.

Whatever breaks in here is a miss. An invalidation also beats answers that are still on their way into the cache.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from headgate.call.call import Call, Reply
from headgate.kernel.clock import Clock
from headgate.record.cache.keys import (
    EXACT,
    KINDS,
    TOOL,
    Entry,
    Slot,
    cache_key,
    decode_entry,
    encode_entry,
    raw_key,
    tool_key,
)  # fmt: skip
from headgate.store.disk_file import Match, Row
from headgate.store.disk_tier import DiskTier

__all__ = [
    "EXACT",
    "KINDS",
    "TOOL",
    "CacheCount",
    "CacheLimits",
    "Entry",
    "ResponseCache",
    "Slot",
    "cache_key",
    "raw_key",
    "tool_key",
]

JSON = b"application/json"
ENTRY_BYTES = (
    1300  # what an entry costs in memory beside its body: the struct, its strings, keys and the two dicts
)
ALIAS_BYTES = 280  # a raw key and where it points
ALIAS_SHARE = 8  # one eighth of the memory is for raw keys
MAX_TALLIES = 10_000
WHOLE_ENDS = ("stop", "")  # "" for wires that have no finish reason


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """The bounds of the cache. `disk_bytes` 0: no disk tier."""

    memory_bytes: int = 64 * 1024 * 1024
    disk_bytes: int = 1024 * 1024 * 1024
    queue_bytes: int = 16 * 1024 * 1024
    ttl_s: int = 86_400
    disk_wait_s: float = 0.05  # how long a lookup waits for the disk
    remove_wait_s: float = 2.0  # how long an invalidation waits for the disk


@dataclass(frozen=True, slots=True)
class CacheCount:
    """One type of a tenant's entries. Hits and misses are those since the gateway started."""

    kind: str
    entries: int
    bytes: int
    hits: int
    misses: int


class ResponseCache:
    """Entries by key. Used on the event loop only; the disk tier has a thread of its own."""

    def __init__(self, limits: CacheLimits, clock: Clock, path: Path | None = None) -> None:
        self.limits = limits
        self._clock = clock
        self._entries: OrderedDict[bytes, Entry] = OrderedDict()
        self._aliases: OrderedDict[bytes, bytes] = OrderedDict()
        self._bytes = 0
        self._entry_room = limits.memory_bytes - limits.memory_bytes // ALIAS_SHARE
        self._alias_room = max(1, limits.memory_bytes // ALIAS_SHARE // ALIAS_BYTES)
        self._epochs: dict[str, int] = {}
        self._removing: dict[str, int] = {}  # tenants whose rows on disk are about to go: not read until then
        self._tallies: dict[tuple[str, str, str], list[int]] = {}
        self._evicted = 0
        self._late = 0
        self._disk: DiskTier | None = None
        if path is not None and limits.disk_bytes > 0:
            self._disk = DiskTier(
                path, max_bytes=limits.disk_bytes, queue_bytes=limits.queue_bytes, clock=clock
            )

    def start(self) -> None:
        if self._disk is not None:
            self._disk.start()

    def close(self) -> None:
        """Write what the disk tier has queued and stop. Blocks for a moment."""
        if self._disk is not None:
            self._disk.close()

    def aliased(self, raw: bytes) -> bytes | None:
        """The key of a request whose very bytes were seen before."""
        return self._aliases.get(raw)

    def alias(self, raw: bytes, key: bytes) -> None:
        """Remember that the request `raw` has the key `key`."""
        self._aliases[raw] = key
        if len(self._aliases) > self._alias_room:
            self._aliases.popitem(last=False)

    def find(self, key: bytes) -> Entry | None:
        """The entry of `key` in memory, unless its time is over."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.expires_s <= self._clock.now():
            self._forget(key)
            return None
        self._entries.move_to_end(key)
        return entry

    def may_load(self, key: bytes, tenant: str) -> bool:
        """May the disk tier have what memory does not?"""
        return self._disk is not None and tenant not in self._removing and self._disk.maybe(key)

    async def load(self, key: bytes, tenant: str) -> Entry | None:
        """The entry of `key` from the disk, if it comes in time; it is in memory afterwards."""
        if self._disk is None or tenant in self._removing:
            return None
        epoch = self.epoch(tenant)
        try:
            async with asyncio.timeout(self.limits.disk_wait_s):
                row = await asyncio.wrap_future(self._disk.read(key))
        except TimeoutError:
            self._late += 1
            return None
        if row is None or row.tenant != tenant or epoch != self.epoch(tenant):
            return None
        try:
            entry = decode_entry(row.value)
        except msgspec.DecodeError:  # written by another version
            return None
        if entry.expires_s <= self._clock.now():
            return None
        self._remember(key, entry)
        if entry.raw_key:
            self.alias(entry.raw_key, key)
        return entry

    def epoch(self, tenant: str) -> int:
        """Goes up at every invalidation of the tenant."""
        return self._epochs.get(tenant, 0)

    def tally(self, tenant: str, app: str, kind: str, *, hit: bool) -> None:
        """Count a lookup."""
        tally = self._tallies.get((tenant, app, kind))
        if tally is None:
            if len(self._tallies) >= MAX_TALLIES:
                app = ""
            tally = self._tallies.setdefault((tenant, app, kind), [0, 0])
        tally[not hit] += 1

    def keep(self, call: Call, reply: Reply, body: bytes) -> bool:
        """Store the whole answer `body` of a call that missed. False: not an answer to give again, or no room."""
        slot: Slot | None = call.notes.get("cache.slot")
        if slot is None or reply.route != "live" or not _is_whole(reply):
            return False
        now = self._clock.now()
        created_s = int(now)
        streamed = call.view.stream
        entry = Entry(
            kind=EXACT, tenant=call.tenant, app=call.app, subject=call.subject,
            created_s=created_s, expires_s=created_s + slot.ttl_s,
            body=body, content_type=JSON if streamed else reply.content_type, run_id=call.run_id, raw_key=slot.raw_key,
            plain=not streamed, provider=reply.provider, model=reply.model, finish=reply.finish, usage=reply.usage,
            usage_raw=reply.usage_raw, live_pico=reply.cost_pico if reply.price_known else None,
            latency_us=max(0, int(now * 1_000_000) - call.received_us),
        )  # fmt: skip
        return self.put(slot.key, entry, epoch=slot.epoch)

    def put(self, key: bytes, entry: Entry, *, epoch: int) -> bool:
        """Store `entry`, looked for at `epoch`. False when the tenant was invalidated since, or it is too large."""
        if epoch != self.epoch(entry.tenant) or len(entry.body) > self._entry_room // 16:
            return False
        self._remember(key, entry)
        if entry.raw_key:
            self.alias(entry.raw_key, key)
        if self._disk is not None:
            self._disk.put(
                Row(
                    key,
                    entry.tenant,
                    entry.kind,
                    entry.app,
                    entry.subject,
                    entry.created_s,
                    entry.expires_s,
                    encode_entry(entry),
                )
            )
        return True

    async def invalidate(self, tenant: str, *, kind: str | None = None, app: str | None = None) -> int:
        """Remove a tenant's entries, those on their way included; how many there were. At once for lookups here;
        raises TimeoutError when the disk could not be cleared in time (it will be, before it is read again)."""
        return await self._remove(Match(tenant, kind, app))

    async def forget_subject(self, tenant: str, subject: str) -> int:
        """Remove everything that was answered for a subject, in memory and on disk."""
        return await self._remove(Match(tenant, subject=subject))

    async def counts(self, tenant: str, app: str | None = None) -> list[CacheCount]:
        """The tenant's entries by type, only those of `app` when given. An entry is counted once it is on disk or in memory."""
        in_memory: dict[str, tuple[int, int]] = {}
        now = self._clock.now()
        for entry in self._entries.values():
            if entry.tenant == tenant and (app is None or entry.app == app) and entry.expires_s > now:
                entries, size = in_memory.get(entry.kind, (0, 0))
                in_memory[entry.kind] = (entries + 1, size + len(entry.body))
        on_disk = await self._disk_counts(tenant, app)
        return [
            self._counted(tenant, app, kind, max(in_memory.get(kind, (0, 0)), on_disk.get(kind, (0, 0))))
            for kind in KINDS
        ]

    def stats(self) -> dict[str, Any]:
        """For `/metrics` and `/api/status`: sizes, and what was dropped or came too late."""
        stats: dict[str, Any] = {
            "entries": len(self._entries), "bytes": self._bytes + len(self._aliases) * ALIAS_BYTES, "evicted": self._evicted,
            "disk_late": self._late, "hits": sum(tally[0] for tally in self._tallies.values()),
            "misses": sum(tally[1] for tally in self._tallies.values()),
        }  # fmt: skip
        if self._disk is not None:
            stats |= {f"disk_{name}": value for name, value in self._disk.stats()._asdict().items()}
        return stats

    def _counted(self, tenant: str, app: str | None, kind: str, held: tuple[int, int]) -> CacheCount:
        tallies = [
            tally for (owner, of_app, of_kind), tally in self._tallies.items()
            if owner == tenant and of_kind == kind and (app is None or of_app == app)
        ]  # fmt: skip
        return CacheCount(kind, *held, sum(tally[0] for tally in tallies), sum(tally[1] for tally in tallies))

    async def _disk_counts(self, tenant: str, app: str | None) -> dict[str, tuple[int, int]]:
        disk = self._disk
        if disk is None or tenant in self._removing:
            return {}
        try:
            async with asyncio.timeout(self.limits.remove_wait_s):
                await asyncio.wrap_future(disk.settled())
                rows = await asyncio.to_thread(disk.counts, tenant, app, int(self._clock.now()))
        except (TimeoutError, OSError):
            return {}
        return {kind: (entries, size) for kind, entries, size in rows}

    async def _remove(self, match: Match) -> int:
        tenant = match.tenant
        self._epochs[tenant] = self.epoch(tenant) + 1
        gone = [key for key, entry in self._entries.items() if _matches(entry, match)]
        for key in gone:
            self._forget(key)
        if self._disk is None:
            return len(gone)
        self._removing[tenant] = self._removing.get(tenant, 0) + 1
        loop = asyncio.get_running_loop()
        future = self._disk.remove(match)
        future.add_done_callback(lambda _: _on_loop(loop, lambda: self._removed(tenant)))
        async with asyncio.timeout(self.limits.remove_wait_s):
            on_disk = await asyncio.shield(asyncio.wrap_future(future))
        return max(on_disk, len(gone))

    def _removed(self, tenant: str) -> None:
        self._removing[tenant] -= 1
        if not self._removing[tenant]:
            del self._removing[tenant]

    def _remember(self, key: bytes, entry: Entry) -> None:
        self._forget(key)
        self._entries[key] = entry
        self._bytes += entry_bytes(entry)
        while self._bytes > self._entry_room:
            _, oldest = self._entries.popitem(last=False)
            self._bytes -= entry_bytes(oldest)
            self._evicted += 1

    def _forget(self, key: bytes) -> None:
        if (entry := self._entries.pop(key, None)) is not None:
            self._bytes -= entry_bytes(entry)


def entry_bytes(entry: Entry) -> int:
    """What an entry costs in memory."""
    return ENTRY_BYTES + len(entry.body) + len(entry.usage_raw)


def _is_whole(reply: Reply) -> bool:
    """May this answer be given again? Never errors, truncated, filtered or tool-calling ones."""
    return (
        reply.status == 200 and not reply.error_code and not reply.tool_calls and reply.finish in WHOLE_ENDS
    )


def _matches(entry: Entry, match: Match) -> bool:
    return (
        entry.tenant == match.tenant
        and match.kind in (None, entry.kind)
        and match.app in (None, entry.app)
        and match.subject in (None, entry.subject)
    )


def _on_loop(loop: asyncio.AbstractEventLoop, action: Callable[[], None]) -> None:
    """Run `action` on `loop`, from any thread; a loop that has ended needs it no more."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(action)
