"""What the cache room does for the API: count, invalidate, and keep the results of read-only tools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headgate.call.caller import Caller
from headgate.kernel import json
from headgate.kernel.clock import Clock
from headgate.kernel.errors import (
    BadRequest,
    Forbidden,
    GatewayError,
    TooLarge,
    Unavailable,
)
from headgate.record.cache.hot import (
    KINDS,
    TOOL,
    CacheCount,
    Entry,
    ResponseCache,
    tool_key,
)

MAX_RESULT_BYTES = 256 * 1024
MAX_ARGS_BYTES = 64 * 1024
MAX_LEVEL = 1  # a tool that changes something outside is run again, always


class NotReadOnly(GatewayError):
    """The result of a tool with side effects can't stand for running it."""

    status = 400
    code = "not_cacheable"
    kind = "invalid_request_error"


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One use of a tool: who, for whom, which tool, with what."""

    caller: Caller
    app: str
    subject: str
    tool: str
    args: Any
    level: int | None = None

    def key(self) -> bytes:
        """Raises when the use may not be cached."""
        if self.level is not None and self.level > MAX_LEVEL:
            raise NotReadOnly(
                f"Only tools of side-effect level 0 or 1 are cached; this one has {self.level}.",
                param="sideEffectLevel",
            )
        arguments = json.canonical(self.args)
        if len(arguments) > MAX_ARGS_BYTES:
            raise TooLarge(f"`args` is longer than {MAX_ARGS_BYTES} bytes.", param="args")
        return tool_key(self.caller.tenant, self.app, self.subject, self.tool, arguments)


async def counts(cache: ResponseCache, caller: Caller) -> list[CacheCount]:
    """The caller's entries by type; a key that is pinned to an app sees only its app's."""
    return await cache.counts(caller.tenant, caller.app_pin)


async def invalidate(cache: ResponseCache, caller: Caller, kind: str | None) -> int:
    """Remove the caller's entries of `kind`, or all; how many there were."""
    if kind is not None and kind not in KINDS:
        raise BadRequest(
            f"There is no cache type {kind!r}. Known: {', '.join(KINDS)}.",
            param="cacheType",
            known=list(KINDS),
        )
    try:
        return await cache.invalidate(caller.tenant, kind=kind, app=caller.app_pin)
    except TimeoutError:
        raise Unavailable(
            "The entries are served no longer, but the cache file could not be cleared yet. It will be tried again."
        ) from None


async def check_tool(cache: ResponseCache, use: ToolUse) -> tuple[bool, Any]:
    """(found, result). An observe key is never given a stored result."""
    key = use.key()
    tenant = use.caller.tenant
    entry = cache.find(key)
    if entry is None and cache.may_load(key, tenant):
        entry = await cache.load(key, tenant)
    found = entry is not None and use.caller.mode != "observe"
    cache.tally(tenant, use.app, TOOL, hit=found)
    return found, json.decode(entry.body) if entry is not None and found else None


def store_tool(cache: ResponseCache, use: ToolUse, result: Any, *, ttl_s: int, clock: Clock) -> bool:
    """Keep `result` for `ttl_s` seconds. False when the cache had no room for it."""
    key = use.key()
    body = json.encode(result)
    if len(body) > MAX_RESULT_BYTES:
        raise TooLarge(f"`result` is longer than {MAX_RESULT_BYTES} bytes.", param="result")
    now_s = int(clock.now())
    tenant = use.caller.tenant
    entry = Entry(TOOL, tenant, use.app, use.subject, now_s, now_s + ttl_s, body)
    return cache.put(key, entry, epoch=cache.epoch(tenant))


def app_of(caller: Caller, wanted: str) -> str:
    """The app a caller speaks for; a pinned key can't speak for another one."""
    if caller.app_pin is not None and wanted and wanted != caller.app_pin:
        raise Forbidden("This key is pinned to another app.", app=wanted)
    return caller.app_pin or wanted
