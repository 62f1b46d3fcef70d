"""The OpenAPI document holds what it says: requests made from it are answered as it describes, and never with a 500."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import checks
from schemathesis.core.result import Ok

from headgate.app import build, make_listener, prepare_folder
from headgate.config import Settings
from headgate.gateway.server import Listener
from headgate.schema import all_tables
from headgate.store.migrate import migrate

EXAMPLES = 12
CHECKS = (
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
)
START_TIMEOUT_S = 20
# adds a provider at an invented address, which would be asked from then on; tests/operate/providers has it
LEFT_OUT = {("POST", "/api/proxy/providers")}


class LiveGateway:
    """The whole gateway in open mode behind its own listener, in a thread with a loop of its own, without a worker."""

    def __init__(self, folder: Path) -> None:
        self._settings = Settings(data_dir=folder, worker=False)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._ready = threading.Event()
        self._server: Listener
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> str:
        self._thread.start()
        assert self._ready.wait(START_TIMEOUT_S)
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(START_TIMEOUT_S)

    def _run(self) -> None:
        prepare_folder(self._settings.data_dir)
        all_tables()
        migrate(self._settings.main_db_url)
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        gateway = await build(self._settings)
        await gateway.start()
        self._server = make_listener(gateway)
        self._server.on_started = self._ready.set
        try:
            await self._server._serve(
                [self._socket]
            )  # `serve` takes over signals, which only a main thread may
        finally:
            await gateway.close()


@pytest.fixture(scope="module")
def live_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    gateway = LiveGateway(tmp_path_factory.mktemp("live"))
    yield gateway.start()
    gateway.stop()


def test_requests_made_from_the_document_are_answered_as_it_says(live_url: str) -> None:
    document = schemathesis.openapi.from_url(f"{live_url}/api/openapi.json")
    operations = list(document.get_all_operations())
    assert operations
    for found in operations:
        assert isinstance(found, Ok), found
        if (found.ok().method.upper(), found.ok().path) in LEFT_OUT:
            continue
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
