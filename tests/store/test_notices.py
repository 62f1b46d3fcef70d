"""Change notices: the part is rebuilt here before `changed` returns, elsewhere by notice, and by the poll if all fails."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from headgate.kernel.clock import SystemClock, to_us
from headgate.store import versions
from headgate.store.control import ControlClient, ControlServer, Notice
from headgate.store.engine import Database
from headgate.store.notices import PlaneNotices, WorkerNotices


class Plane:
    """Counts rebuilds."""

    def __init__(self) -> None:
        self.rebuilt: list[tuple[str, str]] = []

    async def rebuild(self, part: str, tenant: str) -> None:
        self.rebuilt.append((part, tenant))


async def _bump(database: Database, part: str, tenant: str, *, now_us: int | None = None) -> None:
    async with database.writing() as db:
        await versions.bump(db, part, tenant, now_us=now_us or to_us(SystemClock().now()))


@pytest.mark.asyncio
async def test_a_change_is_in_force_when_changed_returns_and_the_poll_does_not_repeat_it(
    database: Database,
) -> None:
    plane = Plane()
    notices = PlaneNotices(database, SystemClock(), plane.rebuild)
    await _bump(database, "keys", "ten_a")
    await notices.changed("keys", "ten_a")
    assert plane.rebuilt == [("keys", "ten_a")]
    await notices.poll()
    assert plane.rebuilt == [("keys", "ten_a")]


@pytest.mark.asyncio
async def test_the_poll_finds_what_another_process_changed_without_a_word(database: Database) -> None:
    plane = Plane()
    await _bump(database, "keys", "ten_old", now_us=10)
    notices = PlaneNotices(database, SystemClock(), plane.rebuild)
    await notices.start()  # the plane was built from what is there
    await _bump(database, "keys", "ten_a")
    async with asyncio.timeout(10):
        while not plane.rebuilt:
            await asyncio.sleep(0.05)
    assert plane.rebuilt == [("keys", "ten_a")]
    await notices.close()


@pytest.mark.asyncio
async def test_what_changed_while_the_plane_was_being_built_is_built_again(database: Database) -> None:
    plane = Plane()
    await _bump(database, "keys", "ten_a")
    notices = PlaneNotices(database, SystemClock(), plane.rebuild)
    await notices.start()
    await notices.poll()
    assert plane.rebuilt == [("keys", "ten_a")]
    await notices.close()


@pytest.mark.asyncio
async def test_a_change_in_the_worker_reaches_the_gateway_by_the_socket(
    database: Database, tmp_path: Path
) -> None:
    plane, connected = Plane(), asyncio.Event()
    notices = PlaneNotices(database, SystemClock(), plane.rebuild)
    server = ControlServer(tmp_path / "control.sock", notices.heard)
    await server.start()

    async def ignore(notice: Notice) -> None:
        return

    client = ControlClient(tmp_path / "control.sock", ignore, on_connect=connected.set)
    client.start()
    await asyncio.wait_for(connected.wait(), 10)
    await _bump(database, "artifacts", "ten_a")
    await WorkerNotices(database, client.send).changed("artifacts", "ten_a")
    async with asyncio.timeout(10):
        while not plane.rebuilt:
            await asyncio.sleep(0.01)
    await notices.heard(Notice("artifacts", "ten_a", 1))  # told twice
    assert plane.rebuilt == [("artifacts", "ten_a")]
    await client.close()
    await server.close()
