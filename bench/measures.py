"""What is measured, and what each figure must be below."""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.load import BURST, HIT, LIVE, UNCACHED, Measured, Workload, first_chunks, run_wrk
from bench.machines import Bench, Target, rss_mib
from tools.rig.load import Load, LoadPlan
from tools.rig.processes import Gateway

CONNECTIONS = (1, 16, 64)
GATED_AT = (16, 64)
RATIO_GATES = {LIVE.name: 3.0, UNCACHED.name: 3.0, HIT.name: 1.5, BURST.name: 2.0}
FIRST_CHUNK_MS = 1.0
REST_MIB = 200.0
GROWTH = 0.10
BLOCKED_MS = 5
START_S = 2.0


@dataclass(slots=True)
class Cell:
    """One target under one workload with so many connections, over all rounds."""

    cpu_us: list[float] = field(default_factory=list[float])
    p50_ms: list[float] = field(default_factory=list[float])
    p99_ms: list[float] = field(default_factory=list[float])
    per_second: list[float] = field(default_factory=list[float])
    requests: int = 0
    errors: int = 0

    def add(self, measured: Measured, cpu_s: float) -> None:
        self.requests += measured.requests
        self.errors += measured.errors
        if measured.requests:
            self.cpu_us.append(cpu_s / measured.requests * 1e6)
            self.p50_ms.append(measured.p50_ms)
            self.p99_ms.append(measured.p99_ms)
            self.per_second.append(measured.per_second)


Key = tuple[str, str, int]  # target, workload, connections


@dataclass(frozen=True, slots=True)
class Verdict:
    """A gated figure. `ok` None: not gated, or not measured here."""

    what: str
    figure: str
    gate: str
    ok: bool | None


def middle(values: list[float]) -> float:
    return statistics.median(values) if values else 0.0


def speed(bench: Bench, target: Target, *, seconds: float, rounds: int) -> dict[Key, Cell]:
    """CPU and latency of every kind of call, the targets taking turns in each round."""
    cells: dict[Key, Cell] = {}
    others = [bench.targets[name] for name in ("direct", "nginx") if name in bench.targets]
    for _ in range(rounds):
        for connections in CONNECTIONS:
            for work in (LIVE, UNCACHED, HIT, BURST):
                for each in [*others, target] if work in (LIVE, BURST) else [target]:
                    cell = cells.setdefault((each.name, work.name, connections), Cell())
                    Window(each, work, connections, seconds).measure(bench.folder, cell)
    return cells


@dataclass(frozen=True, slots=True)
class Window:
    """One stretch of load on one target."""

    target: Target
    work: Workload
    connections: int
    seconds: float

    def measure(self, folder: Path, cell: Cell) -> None:
        """What the target still does afterwards for those calls counts."""
        run_wrk(self.target, self.work, self.connections, 1, folder)  # warm
        self.target.settle()
        before = self.target.cpu_s()
        measured = run_wrk(self.target, self.work, self.connections, self.seconds, folder)
        self.target.settle()
        cell.add(measured, self.target.cpu_s() - before)


def ratio(cells: dict[Key, Cell], target: str, work: str, connections: int) -> float:
    """CPU of the target over CPU of nginx passing the same kind of call to the mock; 0 when there is no nginx."""
    reference = BURST.name if work == BURST.name else LIVE.name
    nginx = cells.get(("nginx", reference, connections))
    ours = middle(cells[target, work, connections].cpu_us)
    return ours / middle(nginx.cpu_us) if nginx and nginx.cpu_us and ours else 0.0


def speed_verdicts(cells: dict[Key, Cell], target: str) -> list[Verdict]:
    verdicts: list[Verdict] = []
    for work, gate in RATIO_GATES.items():
        for connections in GATED_AT:
            times = ratio(cells, target, work, connections)
            figure = f"{times:.2f} x nginx" if times else "not compared: no nginx"
            verdicts.append(
                Verdict(
                    f"{work}, {connections} connections",
                    figure,
                    f"{gate:g} x",
                    times <= gate if times else None,
                )
            )
    errors = sum(cell.errors for cell in cells.values())
    requests = sum(cell.requests for cell in cells.values())
    verdicts.append(Verdict("errors under load", f"{errors} of {requests}", "0", errors == 0))
    return verdicts


def streaming(bench: Bench, target: Target) -> list[Verdict]:
    """What the gateway adds to the first chunk of a paced stream, against the mock itself; rounds taking turns."""
    direct: list[float] = []
    ours: list[float] = []
    for _ in range(4):
        direct += asyncio.run(first_chunks(bench.targets["direct"], 40, 4))
        ours += asyncio.run(first_chunks(target, 40, 4))
    added = middle(ours) - middle(direct)
    figure = f"{added:.2f} ms (p50 {middle(ours):.2f}, the mock alone {middle(direct):.2f})"
    return [Verdict("first chunk, added p50", figure, f"{FIRST_CHUNK_MS:g} ms", added <= FIRST_CHUNK_MS)]


def parity(target: Target, calls: int) -> Verdict:
    """Runs recorded are exactly the answers received."""
    assert isinstance(target.process, Gateway)
    before = {run["id"] for run in target.process.runs()}
    plan = LoadPlan(
        target.port,
        connections=16,
        seconds=120,
        limit=calls,
        key=target.key,
        prefix=f"parity-{time.monotonic_ns():x}",
    )
    result = asyncio.run(Load(plan).run())
    target.settle()
    after = {run["id"] for run in target.process.runs()} - before
    received = {one.run_id for one in result.answered}
    same = received == after and len(received) == len(result.outcomes)
    return Verdict("row parity", f"{len(received)} answers, {len(after)} runs", "equal", same)


def memory(bench: Bench, *, first: int, last: int) -> list[Verdict]:
    """Resident memory of the gateway process at rest, after `first` and after `last` calls with its caches full."""
    target = bench.gateway("memory", HEADGATE_CACHE_MEMORY_BYTES=str(8 * 1024 * 1024))
    assert target.process is not None
    time.sleep(3)
    rest = rss_mib(target.process.pid)
    done, sizes = 0, list[float]()
    for goal in (first, last):
        while done < goal:
            measured = run_wrk(target, LIVE, 16, min(10.0, max(1.0, (goal - done) / 6000)), bench.folder)
            if measured.requests == 0:
                raise RuntimeError("the gateway answers no more")
            done += measured.requests
        target.settle()
        sizes.append(rss_mib(target.process.pid))
    growth = sizes[1] / sizes[0] - 1
    target.process.stop()
    return [
        Verdict("gateway process at rest", f"{rest:.0f} MiB", f"{REST_MIB:g} MiB", rest <= REST_MIB),
        Verdict(
            f"memory after {first} and {done} calls", f"{sizes[0]:.0f} and {sizes[1]:.0f} MiB, {growth:+.1%}", f"+{GROWTH:.0%}",
            growth <= GROWTH,
        ),
    ]  # fmt: skip


def blocking(target: Target, *, seconds: float) -> Verdict:
    """How late the loop is while lists of 500 are polled and calls go on."""
    assert isinstance(target.process, Gateway)
    gateway = target.process
    before = gateway.get("/api/status").json()["loop"]["laterThanMs"]
    polled = 0
    over = threading.Event()

    def poll() -> None:
        nonlocal polled
        while not over.is_set():
            if gateway.get("/api/v1/runs?limit=500").status == 200:
                polled += 1
            over.wait(0.05)

    thread = threading.Thread(target=poll)
    thread.start()
    plan = LoadPlan(
        target.port,
        connections=4,
        seconds=seconds,
        key=target.key,
        pause_s=0.01,
        prefix=f"poll-{time.monotonic_ns():x}",
    )
    asyncio.run(Load(plan).run())
    over.set()
    thread.join()
    loop = gateway.get("/api/status").json()["loop"]
    late = {step: count - before.get(step, 0) for step, count in loop["laterThanMs"].items()}
    over_limit = late[str(BLOCKED_MS)]
    looked = f"{over_limit} of about {int(seconds * 50)} looks later than {BLOCKED_MS} ms, {polled} lists of 500 polled"
    return Verdict("event loop while lists are polled", looked, "none", over_limit == 0)


def start_time(bench: Bench) -> Verdict:
    return Verdict(
        "start to first answer", f"{bench.start_s:.2f} s", f"{START_S:g} s", bench.start_s <= START_S
    )
