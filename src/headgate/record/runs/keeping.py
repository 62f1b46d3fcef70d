"""Keeping: one batch of frames becomes rows, in one transaction of the drain. Pure of threads and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from headgate.call.frames import (
    Closed,
    Event,
    Feedback,
    Late,
    Opened,
    decode_frame,
    encode_frame,
)
from headgate.govern.agents.events import AgentKeeper
from headgate.govern.approvals.events import GOVERNED, ApprovalKeeper
from headgate.govern.guardrails.events import VERDICTS, VerdictKeeper
from headgate.govern.ledger import service as ledger
from headgate.kernel.clock import Clock, to_us
from headgate.kernel.ids import Ids
from headgate.kernel.logging import get_log
from headgate.record.runs import facets, tables
from headgate.record.runs.chain import extend, extend_all, seed
from headgate.record.runs.payloads import Bodies, PayloadDamaged, SubjectKey, Vault
from headgate.record.runs.queries import bulk as statements
from headgate.record.runs.queries import repeats
from headgate.record.runs.rows import (
    RESPONSE,
    SIDE_EFFECT,
    Place,
    attempt_row,
    facts,
    repeat_row,
    response_row,
    run_row,
    side_effect_row,
)
from headgate.record.spend import service as spend
from headgate.store.bulk import Bulk
from headgate.store.spool.spool import Position

log = get_log("runs")

OPENED, CLOSED, LATE, FEEDBACK = 1, 2, 3, 4  # the kinds of frames in the spool
KIND_OF: dict[type[Any], int] = {Opened: OPENED, Closed: CLOSED, Late: LATE, Feedback: FEEDBACK}
GROUP_BYTES = 512 * 1024  # bodies kept together: what reading one of them has to unpack
LATE_TRIES = 5
REPEATS_US = 24 * 3600 * 1_000_000  # how long an answer may be asked for again under its key

RunKey = tuple[str, str]  # tenant, run id


class Repeated(Exception):
    """Some of these runs are in the database already: keep the batch again, without them."""


@dataclass(slots=True)
class Batch:
    """What one transaction writes."""

    runs: list[Closed] = field(default_factory=list[Closed])
    late: list[Late] = field(default_factory=list[Late])
    feedback: list[Feedback] = field(default_factory=list[Feedback])
    holds: dict[str, int] = field(default_factory=dict[str, int])  # of interrupted runs

    @classmethod
    def of(cls, frames: Sequence[tuple[int, Any]]) -> Batch:
        batch = cls()
        for kind, payload in frames:
            if kind == OPENED:
                continue
            frame = decode_frame(payload)
            if isinstance(frame, Closed):
                batch.runs.append(frame)
            elif isinstance(frame, Late):
                batch.late.append(frame)
            elif isinstance(frame, Feedback):
                batch.feedback.append(frame)
        return batch


@dataclass(slots=True)
class BatchHead:
    """The ids and heads of a tenant's runs in one batch, in the order of their numbers."""

    batch: int
    last: int
    parts: list[bytes] = field(default_factory=list[bytes])

    @property
    def digest(self) -> str:
        return sha256(b"".join(self.parts)).hexdigest()


class Keeper:
    """Writes batches. Remembers only what a failed transaction cannot make wrong, or `forget` undoes."""

    def __init__(self, spool: str, vault: Vault, clock: Clock, ids: Ids) -> None:
        self.spool = spool
        self._vault = vault
        self._clock = clock
        self._ids = ids
        self._verdicts = VerdictKeeper(ids, clock)
        self._approvals = ApprovalKeeper(ids, clock)
        self._agents = AgentKeeper(ids)
        self._keys: dict[str, SubjectKey] = {}
        self._carried: set[str] | None = None
        self._unchained: set[RunKey] | None = None

    def forget(self) -> None:
        """After a failed transaction: ask the database again."""
        self._agents.forget()
        self._keys.clear()
        self._carried = None
        self._unchained = None

    def keep(self, db: Bulk, batch: Batch, position: Position, *, repeated: bool = False) -> None:
        """Write `batch` and that the spool is kept up to `position`. Raises Repeated unless told to look for it."""
        if self._carried is None:
            self._carried = set(statements.carried(db, self.spool))
        runs = self._unknown(db, batch.runs) if repeated else batch.runs
        now_us = to_us(self._clock.now())
        heads = self._keep_runs(db, runs, batch.holds) if runs else {}
        acts = [_recorded(self._ids, now_us, tenant, each) for tenant, each in heads.items()]
        for late in batch.late:
            acts += self._keep_late(db, late)
        if judged := [run for run in runs if VERDICTS in run.explanation]:
            acts += self._verdicts.keep(db, judged)
        if runs:
            self._agents.keep(db, runs)
        if governed := [run for run in runs if not GOVERNED.isdisjoint(run.explanation)]:
            acts += self._approvals.keep(db, governed)
        if acts:
            ledger.chain(db, acts)
        if runs or batch.late:
            spend.keep(db, runs, batch.late)
        if made := [response_row(run) for run in runs if RESPONSE in run.explanation]:
            db.insert(tables.responses, made)
        if batch.feedback:
            db.insert(tables.feedback, [_feedback_row(each) for each in batch.feedback])
        if self._carried:
            gone = [run.run_id for run in batch.runs if run.run_id in self._carried]
            statements.drop_carried(db, gone)
            self._carried.difference_update(gone)
        statements.set_position(db, self.spool, position)

    def carry(self, db: Bulk, opened: Sequence[Opened]) -> None:
        """Keep the beginnings of these calls in the database, since their segment goes away."""
        statements.carry_open(db, self.spool, [(each.run_id, encode_frame(each)) for each in opened])
        self._carried = None

    def _unknown(self, db: Bulk, runs: list[Closed]) -> list[Closed]:
        known = statements.known_runs(db, [(run.tenant, run.run_id) for run in runs])
        fresh: dict[RunKey, Closed] = {}
        for run in runs:
            key = (run.tenant, run.run_id)
            if key not in known:
                fresh.setdefault(key, run)
        return list(fresh.values())

    def _keep_runs(self, db: Bulk, runs: list[Closed], holds: dict[str, int]) -> dict[str, BatchHead]:
        """Returns what the ledger is to hold of them, by tenant."""
        first = statements.take_numbers(db, "runs", len(runs))
        chained = extend_all([(seed(run.run_id, facts(run)), run.events) for run in runs])
        places = [Place(seq, first, head) for seq, (_, head) in enumerate(chained, first)]
        self._keep_bodies(db, runs, places)
        rows = list(map(run_row, runs, places))
        if holds:
            rows = [
                run_row(run, place, hold_pico=holds.get(run.run_id, 0))
                for run, place in zip(runs, places, strict=True)
            ]
        if db.insert(tables.runs, rows) != len(rows):
            raise Repeated
        db.insert(tables.run_facets, facets.rows(runs))
        db.insert(tables.run_events, [(seq, chain) for seq, (chain, _) in enumerate(chained, first)])
        effects = [
            side_effect_row(run.tenant, run.run_id, str(number), event)
            for run in runs for number, event in enumerate(run.events) if event.name.startswith(SIDE_EFFECT)
        ]  # fmt: skip
        if effects:
            db.insert(tables.side_effects, effects)
        tries = [attempt_row(run, each) for run in runs if run.attempts for each in run.attempts]
        if tries:
            db.insert(tables.attempts, tries)
        if again := [repeat_row(run) for run in runs if run.repeat]:
            repeats.keep(db, again, to_us(self._clock.now()) - REPEATS_US)
        self._chain_waiting(db, runs, places)
        heads: dict[str, BatchHead] = {}
        for run, place in zip(runs, places, strict=True):
            head = heads.get(run.tenant)
            if head is None:
                head = heads[run.tenant] = BatchHead(first, first + len(runs) - 1)
            head.parts.append(run.run_id.encode() + place.head)
        return heads

    # ---- payloads

    def _keep_bodies(self, db: Bulk, runs: list[Closed], places: list[Place]) -> None:
        groups: dict[RunKey, list[int]] = {}
        for index, run in enumerate(runs):
            if run.request or run.response:
                groups.setdefault((run.tenant, run.subject), []).append(index)
        if not groups:
            return
        keys = self._subject_keys(db, list(groups))
        rows: list[tuple[Any, ...]] = []
        for (tenant, subject), members in groups.items():
            key = keys[tenant, subject]
            for group in _split(runs, members):
                bodies: list[Bodies] = [
                    (runs[index].run_id, runs[index].request, runs[index].response) for index in group
                ]
                address, data = self._vault.seal(tenant, subject, key, bodies)
                for number, index in enumerate(group):
                    places[index].payload, places[index].payload_at = address, number
                newest = runs[group[-1]].at_us
                rows.append(
                    (address, tenant, subject, key.key_id, newest, len(group), len(data), data, None, None)
                )
        db.insert(tables.payloads, rows)

    def _subject_keys(self, db: Bulk, subjects: list[RunKey]) -> dict[RunKey, SubjectKey]:
        """The living key of each subject. Asked each time: a destroyed key must not be used once more."""
        keys: dict[RunKey, SubjectKey] = {}
        stored = statements.live_keys(db, subjects)
        for subject in subjects:
            known = self._known_key(*stored[subject]) if subject in stored else None
            if known is not None:
                keys[subject] = known
            else:
                key_id = self._ids.new("sbk")
                keys[subject], wrapped = self._vault.new_key(key_id)
                db.insert(tables.subject_keys, [(key_id, *subject, wrapped, to_us(self._clock.now()), None)])
        return keys

    def _known_key(self, key_id: str, wrapped: bytes) -> SubjectKey | None:
        """The key, opened once. None when its row is damaged: the subject then gets a new one, so that the drain goes on."""
        known = self._keys.get(key_id)
        if known is None:
            try:
                known = self._vault.unwrap(key_id, wrapped)
            except PayloadDamaged as error:
                log.error("runs.subject_key_damaged", key=key_id, error=str(error))
                return None
            self._keys[key_id] = known
            if len(self._keys) > 4096:
                self._keys.pop(next(iter(self._keys)))
        return known

    # ---- late events

    def _keep_late(self, db: Bulk, late: Late) -> list[tuple[str, ledger.Act]]:
        """Put a late event behind the last one; without chain when its run is not written yet.
        Returns the run's new head for the ledger."""
        number, acts = 0, list[tuple[str, ledger.Act]]()
        for _ in range(LATE_TRIES):
            run = statements.run_head(db, late.tenant, late.run_id)
            before = statements.late_of(db, late.tenant, late.run_id)
            chain = b""
            number = before[-1][0] + 1 if before else 0
            if run is not None:
                chain, head = extend(_last_head(run.head, before), [late.event])
                acts = [self._extended(late.tenant, late.run_id, run.events + number + 1, head)]
            elif self._unchained is not None:
                self._unchained.add((late.tenant, late.run_id))
            if statements.add_late(db, (late.tenant, late.run_id, number, chain, encode_frame(late))):
                break
        if late.event.name.startswith(SIDE_EFFECT):
            db.insert(
                tables.side_effects, [side_effect_row(late.tenant, late.run_id, f"late{number}", late.event)]
            )
        return acts

    def _extended(self, tenant: str, run_id: str, events: int, head: bytes) -> tuple[str, ledger.Act]:
        detail = {"events": events, "head": head.hex()}
        return tenant, ledger.Act.now(
            self._ids, self._clock, kind=ledger.RUN_EXTENDED, actor=ledger.DRAIN, run_id=run_id, detail=detail
        )

    def _chain_waiting(self, db: Bulk, runs: list[Closed], places: list[Place]) -> None:
        acts: list[tuple[str, ledger.Act]] = []
        if self._unchained is None:
            self._unchained = statements.unchained_runs(db)
        if not self._unchained:
            return
        for run, place in zip(runs, places, strict=True):
            if (run.tenant, run.run_id) in self._unchained:
                head = place.head
                for number, _, frame in statements.late_of(db, run.tenant, run.run_id):
                    chain, head = extend(head, [_event_of(frame)])
                    statements.chain_late(db, run.tenant, run.run_id, number, chain)
                    acts.append(self._extended(run.tenant, run.run_id, len(run.events) + number + 1, head))
                self._unchained.discard((run.tenant, run.run_id))
        ledger.chain(db, acts)


def _recorded(ids: Ids, now_us: int, tenant: str, head: BatchHead) -> tuple[str, ledger.Act]:
    detail = {"first": head.batch, "last": head.last, "runs": len(head.parts), "digest": head.digest}
    return tenant, ledger.Act(ids.new("led"), now_us, ledger.RUNS_RECORDED, ledger.DRAIN, detail=detail)


def _split(runs: list[Closed], members: list[int]) -> list[list[int]]:
    """`members` in groups of about GROUP_BYTES of bodies."""
    groups: list[list[int]] = [[]]
    size = 0
    for index in members:
        length = len(runs[index].request) + len(runs[index].response)
        if groups[-1] and size + length > GROUP_BYTES:
            groups.append([])
            size = 0
        groups[-1].append(index)
        size += length
    return groups


def _last_head(head: bytes, late: list[tuple[int, bytes, bytes]]) -> bytes:
    """The head of a run's chain with its late events: each of their blobs holds one, its hash behind the count."""
    return late[-1][1][4:36] if late and late[-1][1] else head


def _event_of(frame: bytes) -> Event:
    late = decode_frame(frame)
    assert isinstance(late, Late)
    return late.event


def _feedback_row(each: Feedback) -> tuple[Any, ...]:
    return (
        each.id,
        each.tenant,
        each.run_id,
        each.at_us,
        each.kind,
        each.rating,
        each.correction,
        each.key_id,
        each.user_id,
    )
