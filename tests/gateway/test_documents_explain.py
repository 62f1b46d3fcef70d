"""What the API says of an explanation is what an explanation is."""

from __future__ import annotations

from headgate.gateway.documents_explain import EXPLAIN
from tests.gateway.conftest import Running
from tests.gateway.http import chat


async def test_every_field_that_is_named_is_there(running: Running) -> None:
    schema = EXPLAIN["responses"]["200"]["content"]["application/json"]["schema"]

    told = (await running.ask(chat(), path="/v1/explain")).json

    assert set(schema["properties"]) <= set(told)
    assert told["verdict"] in schema["properties"]["verdict"]["enum"]
