"""The listener: a port that is taken is told, the worker's socket is private and trusted, the API is built once."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from typing import Any

import pytest

from headgate.call.caller import Caller
from headgate.gateway.server import LazyApi, bind
from headgate.identity.keys.hot import as_header
from headgate.store.sockets import GATEWAY_SOCKET, socket_path
from tests.gateway.conftest import Running, serving
from tests.gateway.http import Client, chat


def test_a_port_that_is_taken_is_an_os_error() -> None:
    with bind("127.0.0.1", 0) as taken:
        taken.listen()
        with pytest.raises(OSError):
            bind("127.0.0.1", taken.getsockname()[1])


def test_an_address_with_colons_is_ipv6() -> None:
    with bind("::1", 0) as sock:
        assert sock.getsockname()[0] == "::1"


async def test_the_workers_socket_is_for_the_owner_only_and_replaces_a_leftover(tmp_path: Path) -> None:
    path = socket_path(tmp_path / "data", GATEWAY_SOCKET)
    path.parent.mkdir(parents=True)
    path.write_text("left over")
    async with serving(tmp_path / "data"):
        mode = path.stat().st_mode

    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


async def test_calls_on_the_unix_socket_may_speak_for_others_and_those_on_tcp_may_not(
    running: Running,
) -> None:
    token = running.house.keeper.plane.door.rules.internal.decode()
    caller = Caller("ten_default", "pk", frozenset({"calls:write"}), mode="observe", key_id="key_7")
    headers = {"authorization": f"Bearer {token}", "x-headgate-as": as_header(caller).decode()}
    path = socket_path(running.house.floor.settings.data_dir, GATEWAY_SOCKET)
    async with Client(*await asyncio.open_unix_connection(str(path))) as client:
        inside = await client.ask(chat(), headers=headers)
    outside = await running.ask(chat(), headers=headers)

    assert (inside.status, outside.status) == (200, 200)  # anybody may call in open mode, as themselves
    assert (await running.run(inside.run_id))["mode"] == "observe"
    assert (await running.run(outside.run_id))["mode"] == "optimize"


async def test_the_api_is_built_once_and_requests_meanwhile_wait_for_it() -> None:
    built, served = list[int](), list[str]()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        served.append(scope)

    def build() -> Any:
        built.append(1)
        return app

    api = LazyApi(build)
    await asyncio.gather(*(api(name, None, None) for name in "abc"))

    assert (len(built), sorted(served)) == (1, ["a", "b", "c"])


async def test_a_request_given_up_does_not_take_the_building_along() -> None:
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        gate.set()

    def build() -> Any:
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.01), loop).result()
        return app

    api = LazyApi(build)
    first = asyncio.ensure_future(api("a", None, None))
    await asyncio.sleep(0)
    first.cancel()
    await api("b", None, None)

    assert gate.is_set()
