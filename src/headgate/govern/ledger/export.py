"""The ledger as a file that proves itself: JSON lines, checked by anyone who has the public key and no server.

First line `{"format":"headgate-ledger-1", "tenant", "key_id"}`, then a line a row with its hash, in order, and
after them the signed checkpoints, each `{"checkpoint":{...}}`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.ledger import queries, rows
from headgate.govern.ledger.checkpoints import Checkpoint, PublicKey
from headgate.govern.ledger.merkle import Frontier, leaf_hash
from headgate.govern.ledger.proofs import as_checkpoint, export_fields, newest
from headgate.kernel import json

FORMAT = "headgate-ledger-1"
PAGE = 500
SPREAD = 1000  # checkpoints in one export: the newest and others spread over the chain


async def lines(db: AsyncConnection, tenant: str) -> AsyncIterator[bytes]:
    """The export of one tenant. Takes `db` as a snapshot."""
    last = await newest(db, tenant)
    yield _line({"format": FORMAT, "tenant": tenant, "key_id": last.key_id if last else None})
    seq = 0
    while page := await queries.page_after(db, tenant, seq, PAGE):
        yield b"".join([_line(export_fields(row) | {"hash": bytes(row.hash).hex()}) for row in page])
        seq = page[-1].seq
    for row in await queries.checkpoints_spread(db, tenant, SPREAD):
        yield _line({"checkpoint": as_checkpoint(row).as_json()})


def _line(fields: dict[str, Any]) -> bytes:
    return json.encode(fields) + b"\n"


@dataclass(frozen=True, slots=True)
class Examined:
    """What checking an export came to. `first_bad` is the number of the first row that does not fit."""

    ok: bool
    tenant: str
    rows: int
    checkpoints: int
    anchored: int  # rows that a signed checkpoint covers
    first_bad: int | None = None
    reason: str = ""


class BadExport(ValueError):
    """The file is no export of a ledger."""


def examine(file: Iterable[bytes], key: PublicKey) -> Examined:
    """Check an export with nothing but the public key. Raises BadExport."""
    source = iter(file)
    head = _fields(next(source, b""))
    if head.get("format") != FORMAT:
        raise BadExport(f"the first line does not say {FORMAT}")
    return _Exam(str(head.get("tenant")), key).run(source)


class _Exam:
    def __init__(self, tenant: str, key: PublicKey) -> None:
        self._tenant = tenant
        self._key = key
        self._digest = rows.start(tenant)
        self._seq = 0
        self._frontier = Frontier()
        self._leaves: list[bytes] = []
        self._points: list[Checkpoint] = []

    def run(self, source: Iterable[bytes]) -> Examined:
        for line in source:
            fields = _fields(line)
            if "checkpoint" in fields:
                self._points.append(_point(fields["checkpoint"]))
                continue
            if reason := self._row(fields):
                return Examined(False, self._tenant, self._seq, 0, 0, self._seq + 1, reason)
        return self._compare()

    def _row(self, fields: dict[str, Any]) -> str:
        try:
            values = tuple(fields[name] for name in NAMES)
            told = rows.fields_of(values, fields["seq"])
            digest = rows.chain_hash(self._digest, told)
        except (KeyError, TypeError):
            return "this row lacks a field"
        if fields["seq"] != self._seq + 1 or fields["tenant"] != self._tenant:
            return "a row is missing before this one, or it is another tenant's"
        if digest.hex() != fields.get("hash"):
            return "this row is not what was chained"
        self._digest = digest
        self._seq += 1
        self._leaves.append(leaf_hash(digest))
        return ""

    def _compare(self) -> Examined:
        """Every checkpoint against the tree of the rows."""
        good = 0
        points = sorted(self._points, key=lambda each: each.size)
        for point in points:
            if point.tenant != self._tenant or not self._key.signed(point):
                return self._bad(good, "a checkpoint is not signed by this key")
            if point.size > self._seq:
                return self._bad(self._seq, f"{point.size} rows were signed and {self._seq} are here")
            while self._frontier.size < point.size:
                self._frontier.add(self._leaves[self._frontier.size])
            if self._frontier.root() != point.root:
                return self._bad(good, f"at {point.size} rows the chain is not what was signed")
            good = point.size
        if not points:
            return self._bad(0, "there is no signed checkpoint in this file")
        return Examined(True, self._tenant, self._seq, len(points), good)

    def _bad(self, good: int, reason: str) -> Examined:
        return Examined(False, self._tenant, self._seq, 0, good, good + 1, reason)


NAMES = ("id", "tenant", "seq", "at_us", "kind", "actor", "target", "decision", "run_id", "detail")


def _fields(line: bytes) -> dict[str, Any]:
    try:
        parsed = json.decode(line)
    except ValueError:
        raise BadExport("a line is not JSON") from None
    if not isinstance(parsed, dict):
        raise BadExport("a line is not an object")
    return parsed  # pyright: ignore[reportUnknownVariableType] - the JSON rim


def _point(fields: Any) -> Checkpoint:
    try:
        return Checkpoint.from_json(fields)
    except (KeyError, TypeError, ValueError):
        raise BadExport("a checkpoint cannot be read") from None
