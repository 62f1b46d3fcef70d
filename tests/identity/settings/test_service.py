"""Settings are loaded into the book, of one tenant and of all; secrets are not."""

from __future__ import annotations

from headgate.call.caller import Caller
from headgate.govern.ledger.service import Author
from headgate.identity.settings import service
from headgate.identity.settings.hot import SettingsBook
from headgate.kernel.ids import Ids
from headgate.testing.house import House


async def test_the_book_knows_what_was_set(house: House) -> None:
    ids = Ids(house.clock)
    async with house.services.database.writing() as db:
        for tenant, key, value in (("ten_a", "redaction", True), ("ten_b", "webhook_secret", "x")):
            author = Author(Caller(tenant, "sy_admin"), ids, house.clock)
            await service.change(db, author, key, value, house.settings.data_dir)
    book = SettingsBook()

    await service.load_book(house.services.database, book, "ten_b")
    before = book.get("ten_a", "redaction")
    await service.load_book(house.services.database, book)

    assert (before, book.get("ten_a", "redaction"), book.get("ten_b", "webhook_secret")) == (
        False,
        True,
        None,
    )
