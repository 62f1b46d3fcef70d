"""Item 3: whatever is done to the ledger's rows, verifying names the first bad one: in the server, by the command on the
database, and offline with nothing but an export and the public key. The vectors of the RFCs, and how fast it is."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from headgate.govern.ledger import service
from headgate.kernel.clock import SystemClock
from headgate.kernel.ids import Ids
from headgate.store.bulk import Bulk, open_bulk
from headgate.store.engine import Database
from headgate.store.migrate import migrate
from tools.accept.outcome import Findings
from tools.accept.part3.tampering import DEEDS, Tampering, tamper
from tools.rig.processes import HEADGATE, ROOT, Gateway, clean_environment

ENTRIES = 320
VECTORS = "tests/govern/ledger/test_merkle.py"
SPEED_ROWS, BATCH, TRIES = 60_000, 1000, 3
APPENDS_S, VERIFIES_S = 10_000, 50_000


def run(found: Findings) -> None:
    filled = found.folder / "filled"
    key = fill(found, filled)
    for name, tampering in DEEDS.items():
        attack(found, filled, key, name, tampering)
    found.figure(f"{len(DEEDS)} ways of tampering with {ENTRIES} entries are named, online and offline")
    vectors(found)
    speed(found)


def fill(found: Findings, data: Path) -> Path:
    """A ledger with signed checkpoints along it, stopped; the path of its public key, kept elsewhere."""
    with Gateway(data) as gateway:
        for number in range(ENTRIES):
            body = {
                "event_type": "accept.entry",
                "action": "noted",
                "resource": f"thing {number}",
                "detail": {"n": number},
            }
            told = gateway.post("/api/trust/ledger", body)
            found.expect(told.status == 201, f"appending: {told.status} {told.text[:200]}")
            if number % 40 == 39:
                time.sleep(1.1)  # a checkpoint is due a second after the last
        time.sleep(1.5)
        points = gateway.get("/api/trust/ledger/checkpoints").json()
        bare = points["unanchored"]
        found.expect(points["total"] >= 5 and bare == 0, f"{points['total']} checkpoints, {bare} rows bare")
        key = data.parent / "outside.pub"
        key.write_text(points["public_key"], encoding="utf-8")
        good = offline(gateway, key)
    found.expect(good.returncode == 0, f"an untouched export is bad: {good.stdout[-300:]}")
    found.expect(command(data).returncode == 0, "an untouched database is bad")
    return key


def attack(found: Findings, filled: Path, key: Path, name: str, tampering: Tampering) -> None:
    data = found.folder / name.replace(" ", "-")
    shutil.copytree(filled, data, ignore=shutil.ignore_patterns("*.sock", "run"))
    tamper(data / "headgate.db", tampering.deed)
    told = command(data)
    problems: list[dict[str, Any]] = (
        json.loads(told.stdout)["tenants"][0]["problems"] if told.returncode == 1 else []
    )
    named = next((each["index"] for each in problems if each["what"] == "ledger"), None)
    found.expect(
        named in tampering.first_bad, f"{name}: `headgate verify` names {named}: {told.stdout[-300:]}"
    )
    with Gateway(data) as gateway:
        verdict = gateway.get("/api/trust/ledger/verify").json()
        named = verdict["broken_at_seq"]
        found.expect(verdict["valid"] is False and named in tampering.first_bad,
                     f"{name}: the server names {named} ({verdict['reason']}), not {tampering.first_bad}")  # fmt: skip
        status = gateway.get("/api/trust/status").json()
        found.expect(status["chain_valid"] is False, f"{name}: the status says the chain is valid")
        export = offline(gateway, key)
    if tampering.offline:
        words = [f"entry {number}" for number in tampering.first_bad]
        found.expect(export.returncode == 1 and any(f"{each}:" in export.stdout for each in words),
                     f"{name}: the export says {export.stdout[-300:]}{export.stderr[-200:]}")  # fmt: skip
    shutil.rmtree(data, ignore_errors=True)


def command(data: Path) -> subprocess.CompletedProcess[str]:
    return _headgate("verify", "--json", "--data-dir", str(data), cwd=data.parent)


def offline(gateway: Gateway, key: Path) -> subprocess.CompletedProcess[str]:
    """`headgate verify EXPORT --key PUB` in an empty folder."""
    place = gateway.data_dir.parent / f"{gateway.data_dir.name}-export"
    place.mkdir(exist_ok=True)
    export = place / "ledger.jsonl"
    export.write_bytes(gateway.get("/api/trust/ledger/export").body)
    return _headgate("verify", str(export), "--key", str(key), cwd=place)


def _headgate(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(HEADGATE), *arguments], env=clean_environment(), cwd=cwd, capture_output=True, text=True, check=False, timeout=120
    )  # fmt: skip


def vectors(found: Findings) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", VECTORS], cwd=ROOT, capture_output=True,
        text=True, check=False, timeout=300,
    )  # fmt: skip
    last = (done.stdout.strip().splitlines() or ["nothing ran"])[-1]
    found.expect(done.returncode == 0, f"the vectors: {done.stdout[-800:]}")
    found.figure(f"inclusion and consistency vectors: {last}")


def speed(found: Findings) -> None:
    """Through the writer of the drain, each batch committed, and through the walk that `verify` does. The best of three:
    this machine does other things too."""
    appends: list[float] = []
    verifies: list[float] = []
    for number in range(TRIES):
        data = found.folder / f"speed-{number}"
        data.mkdir()
        url = f"sqlite:///{data / 'headgate.db'}"
        migrate(url)
        appends.append(append(url))
        began = time.monotonic()
        verdict, _ = service.verify_apart(url, "ten_speed", data)
        verifies.append(SPEED_ROWS / (time.monotonic() - began))
        found.expect(verdict.ok and verdict.rows == SPEED_ROWS, f"{verdict.rows} of {SPEED_ROWS} rows verify")
    found.expect(max(appends) >= APPENDS_S, f"{max(appends):.0f} appends/s")
    found.expect(max(verifies) >= VERIFIES_S, f"{max(verifies):.0f} verifies/s")
    waiting = asyncio.run(by_request(found))
    found.figure(f"{max(appends):.0f} appends/s committed, {max(verifies):.0f} verifies/s")
    found.figure(f"one by one, as requests put them down: {waiting:.0f}/s")


def append(url: str) -> float:
    clock = SystemClock()
    ids = Ids(clock)
    acts = [("ten_speed", _act(ids, clock, number)) for number in range(SPEED_ROWS)]
    db: Bulk = open_bulk(url)
    began = time.monotonic()
    for at in range(0, SPEED_ROWS, BATCH):
        with db.transaction():
            service.chain(db, acts[at : at + BATCH])
    took = time.monotonic() - began
    db.close()
    return SPEED_ROWS / took


async def by_request(found: Findings) -> float:
    """Acts that wait, numbered by the drain: the way of what requests put down, many in one transaction."""
    data = found.folder / "by-request"
    data.mkdir()
    url = f"sqlite:///{data / 'headgate.db'}"
    await asyncio.to_thread(migrate, url)
    clock = SystemClock()
    ids, database = Ids(clock), Database(url)
    count = 5000
    began = time.monotonic()
    async with database.writing() as db:
        for number in range(count):
            await service.append(db, "ten_speed", _act(ids, clock, number))
    await asyncio.to_thread(_sequence, url)
    took = time.monotonic() - began
    await database.dispose()
    return count / took


def _act(ids: Ids, clock: SystemClock, number: int) -> service.Act:
    return service.Act.now(
        ids, clock, kind="accept.entry", actor="accept", target=f"thing {number}", detail={"n": number}
    )


def _sequence(url: str) -> None:
    db = open_bulk(url)
    with db.transaction():
        service.sequence(db)
    db.close()
