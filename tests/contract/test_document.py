"""The OpenAPI document holds what it says: requests made from it are answered as it describes, and never with a 500."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from schemathesis import checks
from schemathesis.core.result import Ok

from headgate.schema import all_tables
from headgate.store.engine import Database
from headgate.testing.clock import FixedClock
from headgate.testing.house import build_house
from tests.contract.rooms import all_routers

EXAMPLES = 12
CHECKS = (
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
)
START_TIMEOUT_S = 20


class LiveHouse:
    """A house in open mode behind a real server, in a thread with a loop of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._ready = threading.Event()
        self._server: uvicorn.Server
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def start(self) -> str:
        self._thread.start()
        assert self._ready.wait(START_TIMEOUT_S)
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(START_TIMEOUT_S)

    async def _run(self) -> None:
        database = Database(f"sqlite:///{self._folder}/headgate.db")
        async with database.writing() as db:
            await db.run_sync(all_tables().create_all)
        house = await build_house(database, FixedClock(), self._folder / "house")
        app = house.app(all_routers())
        self._server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="error", ws="none"))
        self._ready.set()
        await self._server.serve(sockets=[self._socket])
        await house.close()
        await database.dispose()


@pytest.fixture(scope="module")
def live_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    house = LiveHouse(tmp_path_factory.mktemp("live"))
    yield house.start()
    house.stop()


def test_requests_made_from_the_document_are_answered_as_it_says(live_url: str) -> None:
    document = schemathesis.openapi.from_url(f"{live_url}/api/openapi.json").exclude(path_regex="^/v1/")
    operations = list(document.get_all_operations())
    assert operations
    for found in operations:
        assert isinstance(found, Ok), found
        given_case = given(case=found.ok().as_strategy())
        bounded = settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=[
                HealthCheck.too_slow,
                HealthCheck.filter_too_much,
                HealthCheck.data_too_large,
            ],
        )

        @bounded
        @given_case
        def holds(case: schemathesis.Case) -> None:
            case.call_and_validate(checks=list(CHECKS), timeout=20)

        holds()
