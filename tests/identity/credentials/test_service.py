"""The book of credentials follows the database, of one tenant and of all."""

from __future__ import annotations

import pytest

from headgate.call.caller import Caller
from headgate.identity.credentials import service
from headgate.identity.credentials.hot import CredentialBook, UnknownCredential
from headgate.identity.credentials.schemas import NewCredential
from headgate.kernel.ids import Ids
from headgate.testing.house import House


async def test_the_book_knows_what_was_kept_and_forgets_what_was_removed(house: House) -> None:
    database, folder = house.services.database, house.settings.data_dir
    made: dict[str, str] = {}
    for tenant in ("ten_a", "ten_b"):
        keeper = service.Keeper(Caller(tenant, "pk"), service.sealer(folder), Ids(house.clock), house.clock)
        async with database.writing() as db:
            made[tenant] = (await keeper.add(db, NewCredential(name="n", value=f"of {tenant}")))["ref"]
    book = CredentialBook(service.sealer(folder))

    await service.load_book(database, book)

    assert [book.resolve(tenant, ref) for tenant, ref in made.items()] == ["of ten_a", "of ten_b"]
    keeper = service.Keeper(Caller("ten_a", "pk"), service.sealer(folder), Ids(house.clock), house.clock)
    async with database.writing() as db:
        await keeper.remove(db, made["ten_a"].removeprefix("cred:"))
    await service.book_builder(database, book)(None, "ten_a")
    with pytest.raises(UnknownCredential):
        book.resolve("ten_a", made["ten_a"])
    assert book.resolve("ten_b", made["ten_b"]) == "of ten_b"
