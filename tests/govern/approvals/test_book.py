"""The book of approvals: bound to exactly one action, used once, and never brought back by what the database says late."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from headgate.govern.approvals.book import (
    WISH_US,
    ApprovalBook,
    Live,
    Wish,
    id_of,
    live_of,
)
from headgate.kernel.errors import Unavailable

WISH = Wish(
    "ten_a",
    "key_1",
    "anna",
    "shop",
    "",
    "write:email",
    "send_email",
    b'{"to":"a@b.c"}',
    "p",
    "1+ab",
    "rule 1",
)


@dataclass
class Row:
    digest: bytes
    id: str
    status: str
    expires_us: int = 10**15


@pytest.fixture
def book() -> ApprovalBook:
    made = ApprovalBook()
    made.is_ready = True
    return made


def approve(book: ApprovalBook, wish: Wish = WISH, *, until_us: int = 10**15) -> str:
    approval_id, _ = book.ask(wish, 0)
    book.put(wish.tenant, {wish.digest: Live(approval_id, "approved", until_us)}, {wish.digest: 0})
    return approval_id


def test_the_same_wish_waits_under_one_id(book: ApprovalBook) -> None:
    first, is_new = book.ask(WISH, 0)

    assert (is_new, book.ask(WISH, 1)) == (True, (first, False))


@pytest.mark.parametrize(
    "change",
    [
        {"tenant": "ten_b"}, {"requester": "key_2"}, {"agent": "ben"}, {"app": "web"}, {"subject": "x"}, {"action": "write:x"},
        {"tool": "other"}, {"arguments": b'{"to":"x@b.c"}'}, {"policy": "q"}, {"version": "2+cd"},
    ],
)  # fmt: skip
def test_anything_changed_is_another_wish(book: ApprovalBook, change: dict[str, object]) -> None:
    approve(book)
    other = replace(WISH, **change)

    assert book.pass_once(other, 1) == ""
    assert other.digest != WISH.digest


def test_an_approval_passes_once_and_the_next_wish_is_a_new_one(book: ApprovalBook) -> None:
    first = approve(book)

    assert book.pass_once(WISH, 1) == first
    assert book.pass_once(WISH, 1) == ""
    assert book.ask(WISH, 1)[0] != first


def test_an_approval_whose_time_is_over_does_not_pass(book: ApprovalBook) -> None:
    approve(book, until_us=5)

    assert book.pass_once(WISH, 6) == ""


def test_a_wish_that_waited_too_long_becomes_a_new_one(book: ApprovalBook) -> None:
    first, _ = book.ask(WISH, 0)

    assert book.ask(WISH, WISH_US + 1)[0] != first


def test_a_used_approval_is_not_brought_back_by_a_database_that_does_not_know_it_yet(
    book: ApprovalBook,
) -> None:
    first = approve(book)
    assert book.pass_once(WISH, 1) == first

    book.put(WISH.tenant, {WISH.digest: Live(first, "approved", 10**15)}, {WISH.digest: 0})

    assert book.pass_once(WISH, 1) == ""


def test_a_wish_that_the_database_does_not_know_yet_stays(book: ApprovalBook) -> None:
    first, _ = book.ask(WISH, 0)

    book.put(WISH.tenant, {}, {})

    assert book.ask(WISH, 1) == (first, False)


def test_nothing_passes_before_the_book_is_complete() -> None:
    with pytest.raises(Unavailable):
        ApprovalBook().pass_once(WISH, 0)


def test_ids_and_generations_are_the_same_in_every_process() -> None:
    rows = [
        Row(b"d" * 32, "apr_1", "used"),
        Row(b"d" * 32, "apr_2", "rejected"),
        Row(b"d" * 32, "apr_3", "approved"),
    ]

    live, generations = live_of(rows)

    assert (live[b"d" * 32].id, live[b"d" * 32].state, generations[b"d" * 32]) == ("apr_3", "approved", 2)
    assert id_of(b"d" * 32, 2) == id_of(b"d" * 32, 2) != id_of(b"d" * 32, 3)
