"""The bulk writer: the same words on both databases, whole transactions, and keys that are there are left alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from headgate.store.bulk import Bulk, open_bulk

table = sa.Table(
    "bulk_test", sa.MetaData(),
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=True), sa.Column("data", sa.LargeBinary, nullable=True),
    sa.Column("flag", sa.Boolean, nullable=False),
)  # fmt: skip

Row = tuple[int, str | None, bytes | None, bool]


def row(number: int, text: str | None = "t") -> Row:
    return (number, text, b"\x00\xff", number % 2 == 0)


@pytest.fixture
def bulk(database_url: str) -> Iterator[Bulk]:
    engine = sa.create_mock_engine(
        "sqlite://" if database_url.startswith("sqlite") else "postgresql+asyncpg://", lambda *_, **__: None
    )
    db = open_bulk(database_url)
    with db.transaction():
        db.run(str(sa.schema.CreateTable(table).compile(dialect=engine.dialect)))
    yield db
    db.close()


def ids(db: Bulk) -> list[int]:
    return [each[0] for each in db.run("SELECT id FROM bulk_test ORDER BY id")]


@pytest.mark.parametrize("count", [0, 1, 15, 16, 127, 128, 300])
def test_every_row_goes_in_however_many_there_are(bulk: Bulk, count: int) -> None:
    with bulk.transaction():
        assert bulk.insert(table, [row(number) for number in range(count)]) == count

    assert ids(bulk) == list(range(count))


def test_values_come_back_as_they_were(bulk: Bulk) -> None:
    with bulk.transaction():
        bulk.insert(table, [row(2**62, None), row(1, "ü\n'?")])

    found = bulk.run("SELECT id, text, data, flag FROM bulk_test ORDER BY id")
    assert [(a, b, bytes(c), bool(d)) for a, b, c, d in found] == [
        (1, "ü\n'?", b"\x00\xff", False),
        (2**62, None, b"\x00\xff", True),
    ]


def test_rows_whose_key_is_there_are_left_alone_and_not_counted(bulk: Bulk) -> None:
    with bulk.transaction():
        bulk.insert(table, [row(1, "old")])
        assert bulk.insert(table, [row(number, "new") for number in range(20)]) == 19

    assert bulk.run("SELECT text FROM bulk_test WHERE id = ?", (1,)) == [("old",)]


def test_a_transaction_that_raises_leaves_nothing_and_the_next_works(bulk: Bulk) -> None:
    with pytest.raises(ZeroDivisionError), bulk.transaction():
        bulk.insert(table, [row(1)])
        raise ZeroDivisionError
    with bulk.transaction():
        bulk.insert(table, [row(2)])

    assert ids(bulk) == [2]


def test_values_find_their_places_in_order(bulk: Bulk) -> None:
    with bulk.transaction():
        bulk.insert(table, [row(number) for number in range(10)])

    assert bulk.run("SELECT id FROM bulk_test WHERE id > ? AND id < ? ORDER BY id", (3, 6)) == [(4,), (5,)]


def test_what_is_made_durable_is_seen_by_another_connection(bulk: Bulk, database_url: str) -> None:
    with bulk.transaction():
        bulk.insert(table, [row(1)])
    bulk.durable()
    other = open_bulk(database_url)
    try:
        assert ids(other) == [1]
    finally:
        other.close()


def test_closing_twice_over_a_dead_server_is_no_trouble(bulk: Bulk, database_url: str) -> None:
    other = open_bulk(database_url)
    other.close()

    assert ids(bulk) == []


def test_update_sets_columns_of_the_rows_with_these_keys(bulk: Bulk) -> None:
    with bulk.transaction():
        bulk.insert(table, [row(1), row(2), row(3)])
        bulk.update(table, "id", ("text", "data"), [(1, "one", b"1"), (3, "three", b"3")])

    assert [tuple(each) for each in bulk.run("SELECT id, text, data FROM bulk_test ORDER BY id")] == [
        (1, "one", b"1"), (2, "t", b"\x00\xff"), (3, "three", b"3")
    ]  # fmt: skip
