"""Kill -9 under load, a locked database, a full disk: every answer a client received has its run, once."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import threading
import time
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any, Self

from tools.accept.outcome import Findings
from tools.rig.load import Load, LoadPlan, LoadResult
from tools.rig.processes import Gateway, Upstream
from tools.rig.trouble import change_a_byte, fill, held_database, small_disk

LOAD_S = 30.0
LOCK_S = 20.0
DISK_MIB = 120
ROOM_LEFT = 1024 * 1024


def run(found: Findings) -> None:
    """All three troubles, each on a data folder of its own."""
    killed(found)
    locked(found)
    full_disk(found)


class Running:
    """A load in a thread of its own, so that the trouble can be made meanwhile."""

    def __init__(self, plan: LoadPlan) -> None:
        self.load = Load(plan)
        self._thread = threading.Thread(target=lambda: asyncio.run(self.load.run()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def finish(self) -> LoadResult:
        self._thread.join(self.load.plan.seconds + 60)
        return self.load.result


@contextlib.contextmanager
def upstream(found: Findings) -> Generator[Upstream]:
    with Upstream(found.folder / "upstream.log") as server:
        yield server


def settings_for(server: Upstream, **more: str) -> dict[str, str]:
    return {
        "OPENAI_BASE_URL": f"{server.url}/v1",
        "OPENAI_API_KEY": "sk-accept",
        "HEADGATE_LOG_LEVEL": "warning",
    } | more


def killed(found: Findings) -> None:
    """SIGKILL of the whole process group in the middle of the load, then a restart."""
    with upstream(found) as server:
        gateway = Gateway(found.folder / "killed", settings=settings_for(server))
        gateway.start()
        with Running(LoadPlan(gateway.port, seconds=LOAD_S, prefix="kill")) as load:
            time.sleep(LOAD_S - 2)
            gateway.kill()
            load.load.stop()
            result = load.finish()
        found.expect(len(result.answered) > 1000, f"only {len(result.answered)} answers under load")
        started = gateway.start()
        try:
            gateway.wait_until_recorded()
            runs = gateway.runs()
            compare(found, "kill -9", result, runs)
            reached(found, server, runs)
            verify(found, gateway)
            tampering(found, gateway, result)
        finally:
            gateway.stop()
        interrupted = sum(run["status"] == "interrupted" for run in runs)
        found.figure(
            f"kill -9 under {result.statuses()}: {len(result.answered)} answers, {len(runs)} runs, "
            f"{interrupted} interrupted, back after {started:.1f} s"
        )


def compare(found: Findings, trouble: str, result: LoadResult, runs: list[dict[str, Any]]) -> None:
    """Every answer has its run, completed, and no run is there twice."""
    by_id = {run["id"]: run for run in runs}
    twice = [name for name, count in Counter(run["id"] for run in runs).items() if count > 1]
    found.expect(not twice, f"{trouble}: {len(twice)} runs are listed twice, such as {twice[:3]}")
    names = Counter(run["agent"] for run in runs)
    doubled = [name for name, count in names.items() if count > 1]
    found.expect(not doubled, f"{trouble}: {len(doubled)} calls have two runs, such as {doubled[:3]}")
    lost = [one.run_id for one in result.answered if one.run_id not in by_id]
    found.expect(
        not lost, f"{trouble}: {len(lost)} of {len(result.answered)} answers have no run, such as {lost[:3]}"
    )
    wrong = [
        one.run_id
        for one in result.answered
        if one.run_id in by_id and by_id[one.run_id]["status"] != "completed"
    ]
    found.expect(not wrong, f"{trouble}: {len(wrong)} whole answers are not `completed`, such as {wrong[:3]}")
    headless = [one.run_id for one in result.headed if one.status == 200 and one.run_id not in by_id]
    found.expect(
        not headless, f"{trouble}: {len(headless)} begun answers have no run, such as {headless[:3]}"
    )


def reached(found: Findings, server: Upstream, runs: list[dict[str, Any]]) -> None:
    """A call that had reached the upstream is at least an interrupted run, and reached it once."""
    report = server.report()
    known = {run["agent"] for run in runs}
    unknown = [name for name in report["by_id"] if name not in known]
    found.expect(
        not unknown, f"{len(unknown)} calls reached the upstream and have no run, such as {unknown[:3]}"
    )
    found.expect(not report["doubled"], f"calls asked upstream twice: {report['doubled'][:3]}")
    found.figure(f"the upstream saw {len(report['by_id'])} calls, each has its run")


def verify(found: Findings, gateway: Gateway) -> None:
    done = gateway.command_line("verify")
    found.expect(done.returncode == 0, f"verify says: {(done.stdout + done.stderr)[-300:]}")


def tampering(found: Findings, gateway: Gateway, result: LoadResult) -> None:
    """A byte changed in a stored event is found and named, by the API and by `headgate verify`."""
    victim = result.answered[len(result.answered) // 2].run_id
    found.expect(
        gateway.get(f"/api/v1/runs/{victim}/integrity").json()["ok"] is True, "an untouched run is not intact"
    )
    found.expect(change_a_byte(gateway.data_dir / "headgate.db", victim), f"{victim} has no stored events")
    report = gateway.get(f"/api/v1/runs/{victim}/integrity").json()
    named = report["ok"] is False and report["firstBadIndex"] is not None
    found.expect(named, f"the changed byte is not found: {report}")
    done = gateway.command_line("verify")
    found.expect(
        done.returncode == 1 and victim in done.stdout, f"verify does not name {victim}: {done.stdout[-300:]}"
    )
    found.figure(f"a changed byte is named: event {report.get('firstBadIndex')} of {victim}")


def locked(found: Findings) -> None:
    """The database file is locked for 20 s by someone else, while calls go on."""
    with upstream(found) as server:
        with Gateway(found.folder / "locked", settings=settings_for(server)) as gateway:
            with Running(LoadPlan(gateway.port, seconds=LOAD_S, prefix="lock")) as load:
                time.sleep(4)
                with held_database(gateway.data_dir / "headgate.db", LOCK_S):
                    since = time.monotonic()
                    time.sleep(LOCK_S - 1)
                    until = time.monotonic()
                result = load.finish()
            gateway.wait_until_recorded()
            runs = gateway.runs()
            compare(found, "locked database", result, runs)
            reached(found, server, runs)
            verify(found, gateway)
        refused = [one for one in result.outcomes if one.complete and one.status != 200]
        found.expect(
            not refused,
            f"{len(refused)} calls were refused while the database was locked: {result.statuses()}",
        )
        during = [one for one in result.answered if since <= one.at < until]
        found.expect(len(during) > 500, f"only {len(during)} answers while the database was locked")
        found.figure(
            f"database locked {LOCK_S:.0f} s: {len(during)} answers meanwhile, p99 "
            f"{result.percentile_ms(0.99, since=since, until=until):.0f} ms (before: "
            f"{result.percentile_ms(0.99, until=since):.0f} ms), all {len(runs)} runs written afterwards"
        )


def full_disk(found: Findings) -> None:
    """The disk of the data folder runs full under load, then has room again."""
    place = found.folder / "disk"
    with contextlib.ExitStack() as stack:
        try:
            what = stack.enter_context(small_disk(place, DISK_MIB))
            limits = {"HEADGATE_SPOOL_SEGMENT_BYTES": str(4 * 1024 * 1024)}
        except PermissionError as error:
            # no mount here: the spool's own bound stands in for the disk, which tries the refusal but not the disk
            what = f"{error}; a spool of 8 MiB instead"
            limits = {
                "HEADGATE_SPOOL_SEGMENT_BYTES": str(1024 * 1024),
                "HEADGATE_SPOOL_MAX_BYTES": str(8 * 1024 * 1024),
            }
        server = stack.enter_context(upstream(found))
        gateway = Gateway(place / "data", settings=settings_for(server, **limits))
        gateway.log = found.folder / "disk.log"  # the log must not need the disk it tells of
        gateway.start()
        try:
            result = fill_under_load(found, gateway, place)
            gateway.wait_until_recorded()
            runs = gateway.runs()
            compare(found, "full disk", result, runs)
            reached(found, server, runs)
            refused_before_dispatch(found, server, result)
            verify(found, gateway)
            after = gateway.chat("is there room again?")
            found.expect(
                after.status == 200, f"after the disk has room again: {after.status} {after.text[:200]}"
            )
        finally:
            gateway.stop()
        found.figure(f"full disk ({what}): {result.statuses()}, {len(runs)} runs")


def fill_under_load(found: Findings, gateway: Gateway, place: Path) -> LoadResult:
    ballast = place / "ballast"
    bulk = "All work and no play makes a long prompt. " * 40
    with Running(LoadPlan(gateway.port, seconds=24, prefix="disk", text=bulk)) as load:
        time.sleep(3)
        written = fill(ballast, leave=ROOM_LEFT)
        time.sleep(12)
        free = shutil.disk_usage(place).free
        ballast.unlink(missing_ok=True)
        result = load.finish()
    found.expect(written > 0, "the disk could not be filled")
    found.figure(f"{free // 1024} KiB were free at the worst moment")
    return result


def refused_before_dispatch(found: Findings, server: Upstream, result: LoadResult) -> None:
    """Nothing was answered with an error but the stated refusal, and what was refused never reached the upstream."""
    refused = [one for one in result.outcomes if one.complete and one.status != 200]
    other = [
        f"{one.status} {one.code}" for one in refused if (one.status, one.code) != (503, "record_unavailable")
    ]
    found.expect(
        not other,
        f"{len(other)} answers were neither good nor the stated refusal: {Counter(other).most_common(3)}",
    )
    seen = server.report()["by_id"]
    spent = [one.name for one in refused if one.name in seen]
    found.expect(not spent, f"{len(spent)} refused calls had reached the upstream, such as {spent[:3]}")
