"""Verification of a tenant's chain: row by row, and against every signed checkpoint, those of the anchor file included.

The chain finds what was changed, dropped, put in or reordered; the checkpoints find a chain that was rebuilt or cut.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.ledger import queries, rows, tree
from headgate.govern.ledger.checkpoints import PUBLIC_FILE, Checkpoint, PublicKey, anchored
from headgate.govern.ledger.merkle import Frontier, leaf_hash

PAGE = 500
NO_MORE = 2**63


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying one tenant's chain came to. `first_bad` names the first row that does not fit: its number and id.

    `anchored` rows stand before a checkpoint that was checked; the rest are vouched for by the chain alone.
    """

    tenant: str
    ok: bool
    rows: int
    waiting: int
    first_bad: tuple[int, str] | None = None
    reason: str = ""
    anchored: int = 0
    checkpoints: int = 0


@dataclass(frozen=True, slots=True)
class Marks:
    """Where the anchor file is, and the key that checkpoints are signed with."""

    data_dir: Path
    key: PublicKey

    @staticmethod
    def of(data_dir: Path) -> Marks | None:
        """None when nothing was ever signed here."""
        try:
            return Marks(data_dir, PublicKey.from_pem((data_dir / PUBLIC_FILE).read_bytes()))
        except FileNotFoundError:
            return None


class Walk:
    """Goes along one tenant's chain and stops where it is broken. After that `verdict` says how it went."""

    def __init__(self, db: AsyncConnection, tenant: str, marks: Marks | None = None) -> None:
        self._db = db
        self._tenant = tenant
        self._seq = 0
        self._digest = rows.start(tenant)
        self._frontier = Frontier()
        self._posts = _Posts(db, tenant, marks)
        self.verdict = Verdict(tenant, True, 0, 0)

    async def skip_to(self, checkpoint: Checkpoint) -> bool:
        """Begin behind a signed checkpoint, of which the stored tree is checked but not its rows. False: it does not fit."""
        size = checkpoint.size
        loaded = await tree.load(self._db, self._tenant, size, [])
        self._frontier = Frontier.of(loaded)
        if self._frontier.root() != checkpoint.root or not self._posts.signed(checkpoint):
            return False
        self._seq = size
        self._digest = (await queries.read_hashes(self._db, self._tenant, size - 1, size))[0]
        self._posts.from_size = size
        return True

    async def rows(self) -> AsyncGenerator[Any]:
        """Every row that is as it was chained, a page in memory at a time."""
        tenant = self._tenant
        waiting = await queries.waiting(self._db, tenant)
        await self._posts.begin()
        while page := await queries.page_after(self._db, tenant, self._seq, PAGE):
            for row in page:
                reason = self._step(row) or await self._compare()
                if reason:
                    self.verdict = self._bad(waiting, row.seq, row.id, reason)
                    return
                yield row
        head = await queries.head(self._db, tenant)
        if (head or (0, rows.start(tenant))) != (self._seq, self._digest):
            reason = "the end of the chain is missing"
        else:
            reason = self._posts.beyond(self._seq)
        if reason:
            self.verdict = self._bad(waiting, self._seq + 1, "", reason)
            return
        posts = self._posts
        self.verdict = Verdict(tenant, True, self._seq, waiting, None, "", posts.reached, posts.count)

    def _step(self, row: Any) -> str:
        digest = rows.chain_hash(self._digest, rows.fields_of(row, row.seq))
        if row.seq != self._seq + 1:
            return "a row is missing before this one"
        if row.hash is None or digest != bytes(row.hash):
            return "this row is not what was chained"
        self._seq, self._digest = row.seq, digest
        self._frontier.add(leaf_hash(digest))
        return ""

    async def _compare(self) -> str:
        """Against the checkpoints of this size, if there are any."""
        if self._seq < self._posts.next_size:
            return ""
        return await self._posts.compare(self._seq, self._frontier.root())

    def _bad(self, waiting: int, seq: int, row_id: str, reason: str) -> Verdict:
        """A rebuilt chain is bad from the first row behind the last checkpoint that still fits."""
        posts = self._posts
        if posts.broken:
            seq, row_id = posts.reached + 1, ""
        return Verdict(
            self._tenant, False, min(self._seq, seq - 1), waiting, (seq, row_id), reason, posts.reached, posts.count
        )  # fmt: skip


class _Posts:
    """The checkpoints along the way, in the order of their sizes: those of the database and those of the anchor file."""

    def __init__(self, db: AsyncConnection, tenant: str, marks: Marks | None) -> None:
        self._marks = marks
        self._kept = _pages(db, tenant)
        self._anchors: Iterator[Checkpoint] = anchored(marks.data_dir, tenant) if marks else iter(())
        self._next: list[Checkpoint | None] = [None, None]
        self.next_size = NO_MORE
        self.from_size = 0  # checkpoints up to here are not compared
        self.reached = 0
        self.count = 0
        self.broken = False

    def signed(self, checkpoint: Checkpoint) -> bool:
        return self._marks is not None and self._marks.key.signed(checkpoint)

    async def begin(self) -> None:
        """Find the first ones."""
        if self._marks is None:  # nothing to check a signature with
            return
        for source in (0, 1):
            await self._advance(source)
            while (found := self._next[source]) is not None and found.size <= self.from_size:
                await self._advance(source)
        self.reached = self.from_size

    async def _advance(self, source: int) -> None:
        following = await anext(self._kept, None) if source == 0 else next(self._anchors, None)
        self._next[source] = following
        self.next_size = min((each.size for each in self._next if each is not None), default=NO_MORE)

    async def compare(self, size: int, root: bytes) -> str:
        """Do the checkpoints of `size` say `root`? Returns what is wrong."""
        assert self._marks is not None
        for source, where in ((0, "the database"), (1, "the anchor file")):
            while (checkpoint := self._next[source]) is not None and checkpoint.size <= size:
                if not self._marks.key.signed(checkpoint):
                    self.broken = True
                    return (
                        f"the checkpoint at {checkpoint.size} in {where} is not signed by this server's key"
                    )
                if checkpoint.size == size and checkpoint.root != root:
                    self.broken = True
                    return f"the chain was rebuilt: at {size} rows it is not what was signed (in {where})"
                self.count += 1
                await self._advance(source)
        self.reached = size
        return ""

    def beyond(self, size: int) -> str:
        """A checkpoint behind the end of the chain: rows were cut off."""
        left = [each.size for each in self._next if each is not None]
        if not left:
            return ""
        return f"the end of the chain is missing: {max(left)} rows were signed, {size} are there"


async def _pages(db: AsyncConnection, tenant: str) -> AsyncIterator[Checkpoint]:
    size = 0
    while page := await queries.checkpoints_after(db, tenant, size, PAGE):
        for row in page:
            size = row.size
            yield Checkpoint(tenant, size, bytes(row.root), row.at_us, row.key_id, bytes(row.signature))


async def verify(db: AsyncConnection, tenant: str, marks: Marks | None = None) -> Verdict:
    """Walk the tenant's chain and name the first row that was changed, removed or put in."""
    walk = Walk(db, tenant, marks)
    async for _ in walk.rows():
        pass
    return walk.verdict
