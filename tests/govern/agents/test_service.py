"""Agents are scored again from their past; a change of tier is in the ledger with every part of the score."""

from __future__ import annotations

from headgate.govern.agents import service
from headgate.govern.agents.hot import AgentBook, Past
from headgate.govern.ledger import queries as ledger
from headgate.kernel.ids import Ids
from headgate.testing.frames import closed
from headgate.testing.house import House


async def test_a_changed_tier_is_explained_and_known_to_the_book(house: House) -> None:
    house.recorder.write(closed("run_1", agent="anna"))
    assert await house.recorder.caught_up(5)
    ids = Ids(house.clock)
    async with house.services.database.writing() as db:
        changed = await service.rescore(
            db, "ten_default", {"anna": Past(runs=1000)}, ids=ids, clock=house.clock
        )
        again = await service.rescore(
            db, "ten_default", {"anna": Past(runs=1000)}, ids=ids, clock=house.clock
        )
    book = AgentBook()
    await service.load_book(house.services.database, book)
    async with house.services.database.reading() as db:
        acts, _ = await ledger.listed(
            db, "ten_default", ledger.Chosen(kind="trust.changed"), limit=5, offset=0
        )

    assert (changed, again) == (["anna"], [])
    assert book.of("ten_default", "anna") == (frozenset(), "trusted")
    assert book.of("ten_other", "anna") == (frozenset(), "unverified")
    assert [(act.target, act.decision) for act in acts] == [("anna", "trusted")]
    assert '"history"' in acts[0].detail
