"""Approvals: what the book of live ones learns from the database, of one tenant and of all."""

from __future__ import annotations

from headgate.govern.approvals.book import ASKED, ApprovalBook, Wish, asked
from headgate.govern.approvals.routes import router
from headgate.govern.approvals.service import load_book
from headgate.kernel.clock import to_us
from headgate.kernel.ids import Ids
from headgate.testing.frames import closed
from headgate.testing.house import House

WISH = Wish(
    "ten_default", "key_robot", "anna", "shop", "", "write:email", "send_email", b"{}", "p", "1", "mail"
)


async def test_a_book_that_is_loaded_knows_what_may_pass(house: House) -> None:
    now_us = to_us(house.clock.now())
    told = asked(WISH, "apr_1", now_us, {})
    house.recorder.write(closed(Ids(house.clock).new("run"), explanation={ASKED: [told]}))
    assert (await house.client((router,)).get("/api/v1/approvals")).json()["total"] == 1
    await house.client((router,)).post("/api/v1/approvals/apr_1/approve")
    book = ApprovalBook()
    book.is_ready = True

    await load_book(house.services.database, book, "ten_other")
    before = book.pass_once(WISH, now_us)
    await load_book(house.services.database, book)

    assert (before, book.pass_once(WISH, now_us)) == ("", "apr_1")
