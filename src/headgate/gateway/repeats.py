"""Repeats of one call: the same `Idempotency-Key`, or a client library that tries again. The provider is asked once.

The first call of a key is remembered while it runs and for a while after: whoever comes with the same key and the same body
gets its answer, streams included, from the beginning on. Calls that failed are forgotten, so that they can be repeated in
earnest. A library without keys says in `x-stainless-retry-count` that it tries again; its first call is found by its body.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from copy import copy
from hashlib import sha256
from typing import NamedTuple

from headgate.call.call import Call, Reply
from headgate.kernel.clock import Clock
from headgate.kernel.errors import BadRequest

KEY_S = 24 * 3600.0
RETRY_S = 120.0  # a library without keys tries again within seconds
REJOIN_S = 3.0  # a call whose client has gone goes on for so long, in case that the client tries again
MAX_BYTES = 64 * 1024 * 1024
MAX_ANSWER_BYTES = 8 * 1024 * 1024
MAX_KEY_CHARS = 255
ENTRY_BYTES = 600  # what an entry takes beside its answer

KEY, COUNT = b"idempotency-key", b"x-stainless-retry-count"
HASH = "repeat.hash"
SSE = b"text/event-stream; charset=utf-8"


def mark(call: Call) -> None:
    """Note what `call` asks before anything changes it, if it may be a repeat, or be repeated."""
    headers = call.headers
    if (KEY in headers or COUNT in headers) and not call.role:
        call.notes[HASH] = sha256(call.body).digest()


class Kept(NamedTuple):
    """An answer of an earlier process, as the database has it. `age_s` is how long ago its call came in."""

    key: bytes
    body_hash: bytes
    run_id: str
    age_s: float
    stream: bool
    provider: str
    model: str
    finish: str


Read = Callable[[Call, str], Awaitable[bytes | None]]


class Entry:
    """One call that may be asked for again."""

    __slots__ = (
        "_waiters",
        "body_hash",
        "call",
        "chunks",
        "claimed",
        "expires",
        "give_up",
        "joined",
        "kept",
        "key",
        "over",
        "reply",
        "run_id",
        "size",
        "streams",
        "whole",
    )  # fmt: skip

    def __init__(self, key: bytes, body_hash: bytes, run_id: str, call: Call | None = None) -> None:
        self.key = key
        self.body_hash = body_hash
        self.call = call  # while it runs
        self.run_id = run_id
        self.kept: Kept | None = None  # its answer is in the record only
        self.streams = False
        self.reply: Reply | None = None  # the head of the answer, once there is one
        self.chunks: list[bytes] = []  # of a stream
        self.whole = True  # everything of the stream is kept
        self.over = False
        self.size = ENTRY_BYTES
        self.joined = 0
        self.claimed = 0  # the highest count of a library's tries that this call was given to
        self.expires = float("inf")
        self.give_up: Callable[[], object] | None = None
        self._waiters: list[asyncio.Future[None]] = []

    @property
    def good(self) -> bool:
        """Is this an answer that a repeat may have, as far as can be told?"""
        return self.reply is not None and self.reply.status == 200 and self.whole

    def told(self) -> None:
        """Something new is there for those who joined."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def news(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter


class Repeats:
    """The calls that may be asked for again, by who asked under which key. Bounded in bytes and time."""

    def __init__(self, clock: Clock, *, max_bytes: int = MAX_BYTES) -> None:
        self._clock = clock
        self._max_bytes = max_bytes
        self._entries: OrderedDict[bytes, list[Entry]] = OrderedDict()
        self.bytes = 0
        self.joined = 0  # repeats that cost nothing
        self._read: Read | None = None

    def begin(self, call: Call) -> Entry | None:
        """The call that `call` repeats; None when it is the first, which is then remembered, or not of this kind.
        Raises BadRequest when its key was used for another body."""
        body_hash: bytes | None = call.notes.get(HASH)
        if body_hash is None:
            return None
        key, count = call.headers.get(KEY), call.headers.get(COUNT)
        name = _name(call, key)
        if key is None:
            name += body_hash
        tries = int(count) if count is not None and count.isdigit() and len(count) < 4 else 0
        entries = self._living(name)
        if key is not None and entries:
            entry = entries[0]
            if entry.body_hash != body_hash:
                raise BadRequest(
                    "This Idempotency-Key was used for another request. Use a new key, or send the same body.",
                    param="Idempotency-Key", reason="idempotency_key_reused", run=entry.run_id,
                )  # fmt: skip
            return self._join(entry)
        if key is None and tries:
            entry = next((each for each in _likeliest(entries) if each.claimed < tries), None)
            if entry is not None:
                entry.claimed = tries
                return self._join(entry)
        if key is not None:
            call.notes["repeat.kept"] = name + body_hash  # so that the record knows it too
        self._remember(name, Entry(name, body_hash, call.run_id, call))
        return None

    def answered(self, call: Call, reply: Reply) -> Reply:
        """The first call has an answer, or the beginning of one. Returns what its own client gets."""
        entry: Entry | None = call.notes.get("repeat")
        if entry is None or entry.over:
            return reply
        if reply.status != 200:
            self.failed(call)
            return reply
        entry.reply = copy(reply)  # as it is before it is dressed for its own client
        if reply.chunks is None:
            self._over(entry, len(reply.body))
        else:
            entry.streams = True
            reply.chunks = self._kept(entry, reply.chunks)
            entry.told()
        return reply

    def failed(self, call: Call) -> None:
        """The first call came to nothing: whoever repeats it asks for itself."""
        entry: Entry | None = call.notes.get("repeat")
        if entry is not None and not entry.over:
            entry.whole = False
            self._forget(entry)
            self._over(entry, 0)

    def leave(self, call: Call, give_up: Callable[[], object]) -> bool:
        """The client of `call` has gone. True: its call goes on for those who joined, or for a moment in which it may
        come back; `give_up` is called when nobody is left."""
        entry: Entry | None = call.notes.get("repeat")
        if entry is None or entry.over or entry.give_up is not None:
            return False
        entry.give_up = give_up
        if not entry.joined:
            asyncio.get_running_loop().call_later(REJOIN_S, self._alone, entry)
        return True

    async def answer(self, entry: Entry, call: Call) -> Reply | None:
        """The first call's answer as one of `call`'s own. None: it came to nothing."""
        entry.joined += 1
        self.joined += 1
        keep = False
        try:
            while entry.reply is None and not entry.over:
                await entry.news()
            if entry.kept is not None:
                await self._fetch(entry, entry.kept, call)
            if not entry.good:
                return None
            first = entry.reply
            assert first is not None
            reply = _own(first, call, entry)
            if entry.streams:
                reply.chunks = self._replay(entry)
                keep = True
            else:
                reply.same_as = entry.run_id
            return reply
        finally:
            if not keep:
                self._left(entry)

    async def _replay(self, entry: Entry) -> AsyncGenerator[bytes, None]:
        """All chunks of the first call's stream, those that are still to come too."""
        try:
            at = 0
            while True:
                while at < len(entry.chunks):
                    at += 1
                    yield entry.chunks[at - 1]
                if entry.over:
                    return
                await entry.news()
        finally:
            self._left(entry)

    async def _kept(self, entry: Entry, chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """The stream on its way to the first client, kept for those who join."""
        size = 0
        try:
            async for chunk in chunks:
                if chunk and entry.whole:
                    size += len(chunk)
                    entry.chunks.append(chunk)
                    if size > MAX_ANSWER_BYTES and not entry.joined:
                        entry.whole, entry.chunks = False, []
                    entry.told()
                yield chunk
        finally:
            await chunks.aclose()
            call = entry.call
            if call is None or call.notes.get("settled") != "completed":
                entry.whole = entry.whole and bool(entry.joined)
                self._forget(entry)
            self._over(entry, size)

    def restore(self, kept: Sequence[Kept], read: Read) -> None:
        """Answers of an earlier process, oldest first. `read` gets one of them from the record."""
        self._read = read
        for each in kept:
            if each.key in self._entries or each.age_s >= KEY_S:
                continue
            entry = Entry(each.key, each.body_hash, each.run_id)
            entry.kept, entry.over, entry.streams = each, True, each.stream
            entry.expires = self._clock.monotonic() + KEY_S - each.age_s
            self._entries[each.key] = [entry]
            self.bytes += entry.size
        self._make_room()

    async def _fetch(self, entry: Entry, kept: Kept, call: Call) -> None:
        """Get an answer from the record. When it is not there any more, the call is made anew."""
        body = None if self._read is None else await self._read(call, entry.run_id)
        if entry.kept is None:
            return  # somebody else was quicker
        entry.kept = None
        if not body:
            entry.whole = False
            self._forget(entry)
            return
        reply = Reply(200, body, content_type=SSE if kept.stream else b"application/json")
        reply.provider, reply.model, reply.finish = kept.provider, kept.model, kept.finish
        entry.reply = reply
        entry.chunks = [body] if kept.stream else []
        entry.size += len(body)
        self.bytes += len(body)

    # ---- inside

    def _living(self, name: bytes) -> list[Entry]:
        now = self._clock.monotonic()
        return [each for each in self._entries.get(name, ()) if each.expires > now]

    def _join(self, entry: Entry) -> Entry:
        if entry.key in self._entries:
            self._entries.move_to_end(entry.key)
        return entry

    def _remember(self, name: bytes, entry: Entry) -> None:
        assert entry.call is not None
        entry.call.notes["repeat"] = entry
        self._entries[name] = [*self._living(name), entry]
        self._entries.move_to_end(name)
        self.bytes += entry.size
        self._make_room()

    def _over(self, entry: Entry, size: int) -> None:
        if entry.over:
            return
        entry.over = True
        call = entry.call
        by_key = call is not None and KEY in call.headers
        entry.expires = self._clock.monotonic() + (KEY_S if by_key else RETRY_S)
        entry.call = None
        if not entry.whole or size > MAX_ANSWER_BYTES:
            self._forget(entry)
        elif entry in self._entries.get(entry.key, ()):
            entry.size += size
            self.bytes += size
            self._make_room()
        entry.told()

    def _forget(self, entry: Entry) -> None:
        entries = self._entries.get(entry.key)
        if entries is not None and entry in entries:
            entries.remove(entry)
            self.bytes -= entry.size
            if not entries:
                del self._entries[entry.key]

    def _left(self, entry: Entry) -> None:
        entry.joined -= 1
        self._alone(entry)

    def _alone(self, entry: Entry) -> None:
        """Give up a call that runs for nobody."""
        if entry.joined == 0 and not entry.over and entry.give_up is not None:
            give_up, entry.give_up = entry.give_up, None
            give_up()

    def _make_room(self) -> None:
        """What has expired goes first, then what was not asked for longest. Calls that run stay."""
        if self.bytes <= self._max_bytes:
            return
        now = self._clock.monotonic()
        every = [each for entries in self._entries.values() for each in entries if each.over]
        for entry in sorted(every, key=lambda each: each.expires > now):
            if self.bytes <= self._max_bytes:
                return
            self._forget(entry)


def _name(call: Call, key: bytes | None) -> bytes:
    """Who asks for what under which key. Nobody else's key is ever this one."""
    if key is not None and (not key.strip() or len(key) > MAX_KEY_CHARS):
        raise BadRequest(
            f"The header Idempotency-Key must have 1 to {MAX_KEY_CHARS} characters.", param="Idempotency-Key"
        )
    caller = call.caller
    walls = (
        call.tenant,
        caller.key_id or "",
        caller.user_id or "",
        call.app,
        call.subject,
        call.endpoint,
        call.view.model,
    )
    digest = sha256(b"retry" if key is None else b"key:" + key)
    for wall in walls:
        digest.update(b"\x00%d:" % len(wall) + wall.encode())
    return digest.digest()


def _likeliest(entries: list[Entry]) -> list[Entry]:
    """Calls whose client has gone come first, then those still running, the oldest first."""
    return sorted(entries, key=lambda each: (each.give_up is None, each.over))


def _own(first: Reply, call: Call, entry: Entry) -> Reply:
    """A reply of the repeat's own: the same answer, which costs nothing and saved nothing, for it was never a call."""
    reply = Reply(
        200, b"" if entry.streams else first.body, route=first.route, content_type=first.content_type
    )
    reply.provider, reply.model = first.provider, first.model
    reply.cache = "replayed"
    reply.finish, reply.tool_calls = first.finish, first.tool_calls
    reply.headers = [*first.headers, (b"x-headgate-repeat-of", entry.run_id.encode())]
    call.explanation["repeat_of"] = entry.run_id
    return reply
