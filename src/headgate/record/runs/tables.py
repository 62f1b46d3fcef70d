"""The tables of the record. Written by the drain only, whole rows in the order of the columns.

Money is whole pico-dollars, times are microseconds since the epoch.
"""

from __future__ import annotations

import sqlalchemy as sa

from headgate.store.engine import metadata

Sequence = sa.BigInteger().with_variant(
    sa.Integer, "sqlite"
)  # in SQLite only INTEGER makes the key the row itself


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _number(name: str, *, empty: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=empty)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


runs = sa.Table(
    "runs", metadata,
    sa.Column("seq", Sequence, primary_key=True, autoincrement=False),  # in the order of being written
    _text("tenant"), _text("id"), _number("at_us"), _number("latency_us"), _text("status"), _number("http_status"),
    _text("route"), _text("app"), _text("agent"), _text("model"), _text("served_model"), _text("provider"),
    _text("subject"), _text("project"),
    _text("key_id"), _text("mode"), _number("prompt_tokens"), _number("completion_tokens"), _number("cached_tokens"),
    _number("cost_pico", empty=True), _flag("price_known"), _number("saved_pico", empty=True), _number("saved_ms"),
    _text("ghost_route"), _number("ghost_saved_pico", empty=True), _text("error_code"), _text("error_message"), _text("preview"),
    _text("parent_run"), _text("session"), _text("same_as"),
    sa.Column("payload", sa.LargeBinary, nullable=True), _number("payload_at"),  # address of its group, place in it
    _number("batch"), _number("event_count"), sa.Column("head", sa.LargeBinary, nullable=False),
    sa.Column("details", sa.LargeBinary, nullable=False),  # JSON: everything that only the detail view needs
    sa.Index("ix_runs_tenant_id", "tenant", "id", unique=True),
)  # fmt: skip

run_facets = sa.Table(  # which runs of a batch have some value: what filtered lists are found by, far cheaper than an index each
    "run_facets",
    metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("facet", sa.Text, primary_key=True),  # `app=support`
    sa.Column("high", sa.Text, primary_key=True),  # the newest id among them
    _text("low"),  # the oldest
    _number("runs"),
    sqlite_with_rowid=False,
)

run_events = sa.Table(
    "run_events", metadata,
    sa.Column("run_seq", Sequence, primary_key=True, autoincrement=False),
    sa.Column("chain", sa.LargeBinary, nullable=False),
)  # fmt: skip

late_events = sa.Table(  # what was added to a run afterwards: it goes on where the chain of the run ended
    "late_events", metadata,
    sa.Column("tenant", sa.Text, primary_key=True), sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),  # its place among the run's late events
    sa.Column("chain", sa.LargeBinary, nullable=False),  # empty while the run itself is not written
    sa.Column("frame", sa.LargeBinary, nullable=False),
)  # fmt: skip

payloads = sa.Table(  # the bodies of the runs of one subject in one batch, compressed together and encrypted
    "payloads", metadata,
    sa.Column("address", sa.LargeBinary, primary_key=True),
    _text("tenant"), _text("subject"), _text("key_id"), sa.Column("at_us", sa.BigInteger, nullable=False, index=True),
    _number("runs"), _number("stored_bytes"),
    sa.Column("data", sa.LargeBinary, nullable=True),  # None once removed
    _number("removed_us", empty=True), sa.Column("removed_why", sa.Text, nullable=True),
)  # fmt: skip

subject_keys = sa.Table(  # destroying the key of a subject erases everything stored of it
    "subject_keys", metadata,
    sa.Column("key_id", sa.Text, primary_key=True),
    _text("tenant"), _text("subject"),
    sa.Column("wrapped", sa.LargeBinary, nullable=True), _number("created_us"), _number("destroyed_us", empty=True),
    sa.Index("ix_subject_keys_tenant_subject", "tenant", "subject"),
)  # fmt: skip

side_effects = sa.Table(
    "side_effects", metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _text("tenant"), _text("run_id"), _number("at_us"), _text("tool"), _number("level"), _text("status"), _text("payload"),
    sa.Index("ix_side_effects_tenant_run_id", "tenant", "run_id"),
)  # fmt: skip

attempts = sa.Table(  # the tries of a run of which one failed; a try nobody knows the end of has an estimate
    "attempts", metadata,
    sa.Column("tenant", sa.Text, primary_key=True), sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    _number("at_us"), _number("latency_us"), _text("provider"), _text("key_ref"), _text("model"), _text("outcome"),
    _number("status"), _text("reason"), _number("prompt_tokens"), _number("completion_tokens"),
    _number("cost_pico", empty=True),
)  # fmt: skip

repeats = sa.Table(  # answers that a client may ask for again, by the hash of who asked under which key
    "repeats", metadata,
    sa.Column("key", sa.LargeBinary, primary_key=True),
    _text("tenant"), _text("run_id"), sa.Column("body", sa.LargeBinary, nullable=False),  # hash of the request's body
    sa.Column("at_us", sa.BigInteger, nullable=False, index=True),
    sa.Column("facts", sa.LargeBinary, nullable=False),
)  # fmt: skip

feedback = sa.Table(
    "feedback", metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _text("tenant"), _text("run_id"), _number("at_us"), _text("kind"), _number("rating", empty=True),
    sa.Column("correction", sa.Text, nullable=True), _text("key_id"), _text("user_id"),
    sa.Index("ix_feedback_tenant_run_id", "tenant", "run_id"), sa.Index("ix_feedback_tenant_at_us", "tenant", "at_us"),
)  # fmt: skip

responses = sa.Table(  # which run made a response of OpenAI's Responses API, for what goes on from it
    "responses", metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True, index=True),
    _text("run_id"), _text("app"), _text("subject"), _text("provider"),
    sa.Column("at_us", sa.BigInteger, nullable=False, index=True), _number("deleted_us", empty=True),
)  # fmt: skip

spool_positions = sa.Table(  # up to where the frames of a spool are in this database
    "spool_positions", metadata,
    sa.Column("spool", sa.Text, primary_key=True), _number("segment"), _number("place"),
)  # fmt: skip

open_runs = sa.Table(  # calls still open when the segment that tells of their beginning was removed
    "open_runs", metadata,
    sa.Column("run_id", sa.Text, primary_key=True), _text("spool"), sa.Column("frame", sa.LargeBinary, nullable=False),
)  # fmt: skip

counters = sa.Table("counters", metadata, sa.Column("name", sa.Text, primary_key=True), _number("value"))
