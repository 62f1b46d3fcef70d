"""Item 3: 200 calls at once, half of them streams, against a cap worth 50: never above it, 50 answered, to the pico-dollar."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from http.client import HTTPException
from pathlib import Path
from typing import Any

from tools.accept.outcome import Findings
from tools.rig.http import ask
from tools.rig.processes import Gateway

CALLS = 200
WORTH = 50
PICO = Decimal(10**12)
MAX_TOKENS = 24
ROUNDS = 60
LATENCY_MS = "120"
SLOW_MS = "1500"
MONEY_HEADERS = {"retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"}


def run(found: Findings) -> None:
    fifty(found)
    killed(found)


@dataclass(slots=True)
class Crowd:
    """Calls made at once, and what became of each."""

    gateway: Gateway
    project: str
    answered: int = 0
    refused: int = 0
    broken: int = 0
    codes: Counter[str] = field(default_factory=Counter[str])
    headers: set[str] = field(default_factory=set[str])
    lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, number: int) -> bool:
        """One call; every other one is a stream. True when it was answered whole."""
        body: dict[str, Any] = {
            "model": "gpt-4o-mini", "max_tokens": MAX_TOKENS,
            "messages": [{"role": "user", "content": "Say something about the price of water."}],
        }  # fmt: skip
        if number % 2:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        try:
            answer = ask(
                "POST",
                f"{self.gateway.url}/v1/chat/completions",
                body=body,
                headers={"x-project": self.project},
                timeout_s=60,
            )
        except (OSError, HTTPException):
            with self.lock:
                self.broken += 1
            return False
        text = answer.body.decode(errors="replace")
        good = answer.status == 200 and ('"usage"' in text) and (not number % 2 or "[DONE]" in text)
        with self.lock:
            if good:
                self.answered += 1
            elif answer.status == 429:
                self.refused += 1
                self.codes[json.loads(text)["error"]["code"]] += 1
                self.headers |= {name.lower() for name in answer.headers}
            else:
                self.broken += 1
        return good

    def all_at_once(self, numbers: Sequence[int]) -> list[int]:
        """The calls of `numbers`, at once; those that were not answered."""
        with ThreadPoolExecutor(max(1, len(numbers))) as pool:
            good = list(pool.map(self.call, numbers))
        return [number for number, answered in zip(numbers, good, strict=True) if not answered]


def fifty(found: Findings) -> None:
    """The cap holds at every moment, the refused ones retry, and exactly 50 are answered."""
    settings = {"HEADGATE_MOCK_LATENCY_MS": LATENCY_MS, "HEADGATE_LOG_LEVEL": "warning"}
    with Gateway(found.folder / "fifty", settings=settings) as gateway:
        cost = price_of_one(found, gateway)
        cap = cost * WORTH
        set_cap(found, gateway, "fifty", cap)
        crowd, highest = Crowd(gateway, "fifty"), 0.0
        with watching(gateway, "fifty") as seen:
            waiting = crowd.all_at_once(range(CALLS))
            first = crowd.answered
            for _ in range(ROUNDS):
                before = crowd.answered
                waiting = crowd.all_at_once(waiting)
                if crowd.answered == before:
                    break
        highest = max(seen(), default=0.0)
        found.expect(
            highest <= float(cap / PICO) * (1 + 1e-12), f"${highest} was spent under a cap of ${cap / PICO}"
        )
        found.expect(crowd.answered == WORTH, f"{crowd.answered} calls were answered, not {WORTH}")
        found.expect(crowd.broken == 0, f"{crowd.broken} calls were neither answered nor refused")
        found.expect(set(crowd.codes) == {"rate_limited"}, f"refusals say {dict(crowd.codes)}")
        found.expect(crowd.headers >= MONEY_HEADERS, f"refusals lack {MONEY_HEADERS - crowd.headers}")
        gateway.wait_until_recorded()
        agree(found, gateway, "fifty", exactly=cap)
        events(found, gateway, "fifty")
        found.figure(
            f"cap of ${cap / PICO} worth {WORTH}: {first} answered at once, {crowd.answered} in all, {crowd.refused} refusals"
        )


def killed(found: Findings) -> None:
    """SIGKILL while calls are in flight: what was held counts, the cap still holds, counters are the sum of the runs."""
    settings = {"HEADGATE_MOCK_LATENCY_MS": SLOW_MS, "HEADGATE_LOG_LEVEL": "warning"}
    gateway = Gateway(found.folder / "killed", settings=settings)
    gateway.start()
    try:
        cost = price_of_one(found, gateway)
        cap = cost * WORTH
        set_cap(found, gateway, "killed", cap)
        crowd = Crowd(gateway, "killed")
        crowd.all_at_once(range(5))
        load = threading.Thread(target=crowd.all_at_once, args=(range(5, CALLS),))
        load.start()
        time.sleep(float(SLOW_MS) / 2000)
        gateway.kill()
        load.join(60)
        gateway.start()
        gateway.wait_until_recorded()
        interrupted = rows(
            gateway,
            "SELECT COUNT(*), COALESCE(SUM(cost_pico), 0) FROM runs WHERE project = 'killed' AND status = 'interrupted'",
        )[0]
        found.expect(interrupted[0] > 0, "no call was in flight when the gateway was killed")
        found.expect(interrupted[1] > 0, "what was held for interrupted calls does not count")
        spent = agree(found, gateway, "killed")
        found.expect(spent <= cap, f"after the kill {spent} pico-dollars are spent under a cap of {cap}")
        waiting = list(range(CALLS))
        for _ in range(ROUNDS):
            before = crowd.answered
            waiting = crowd.all_at_once(waiting[:60])
            if crowd.answered == before:
                break
        gateway.wait_until_recorded()
        spent = agree(found, gateway, "killed")
        found.expect(spent <= cap, f"in the end {spent} pico-dollars are spent under a cap of {cap}")
        left = cap - spent
        found.expect(left < cost, f"{left} pico-dollars are left, which is another call's worth")
        found.figure(
            f"killed with {interrupted[0]} calls in flight; {crowd.answered} answered in all, ${spent / PICO} of ${cap / PICO}"
        )
    finally:
        gateway.stop()


def price_of_one(found: Findings, gateway: Gateway) -> int:
    """What such a call costs, plain and streamed alike, in pico-dollars."""
    crowd = Crowd(gateway, "probe")
    for number in (0, 1):
        found.expect(crowd.call(number), "a call without a cap was not answered")
    gateway.wait_until_recorded()
    costs = {row[0] for row in rows(gateway, "SELECT cost_pico FROM runs WHERE project = 'probe'")}
    found.expect(len(costs) == 1 and None not in costs, f"plain and streamed cost {costs}")
    return int(next(iter(costs)))


def set_cap(found: Findings, gateway: Gateway, project: str, cap: int) -> None:
    body = {"scope": "project", "name": project, "daily_cap": str(Decimal(cap) / PICO)}
    answer = ask("PUT", f"{gateway.url}/api/spend/caps", body=body)
    found.expect(answer.status == 200, f"the cap was not set: {answer.body[:200]!r}")


def agree(found: Findings, gateway: Gateway, project: str, exactly: int | None = None) -> int:
    """The counters are the sum of the runs, here and over HTTP; what that is."""
    total = sum(
        int(row[0] or 0) for row in rows(gateway, f"SELECT cost_pico FROM runs WHERE project = '{project}'")
    )
    counted = rows(
        gateway, f"SELECT cost_pico FROM spend_days WHERE scope = 'project' AND name = '{project}'"
    )
    found.expect(sum(int(row[0]) for row in counted) == total, f"counters say {counted}, the runs {total}")
    told = gateway.get("/api/spend").json()["projects"][project]["today"]
    found.expect(told == total / 10**12, f"the API says ${told}, the runs cost {total} pico-dollars")
    if exactly is not None:
        found.expect(total == exactly, f"the runs cost {total} pico-dollars, not {exactly}")
    return total


def events(found: Findings, gateway: Gateway, project: str) -> None:
    """Each threshold is announced once, and that calls were refused."""
    time.sleep(1.0)
    told = [
        json.loads(row[1]) | {"event": row[0]}
        for row in rows(gateway, "SELECT name, data FROM outbox ORDER BY id")
    ]
    mine = [each for each in told if each.get("name") == project]
    levels = sorted(each["threshold"] for each in mine if each["event"] == "cost.threshold")
    found.expect(levels == [50, 80, 100], f"thresholds announced: {levels}")
    exceeded = sum(each["event"] == "spend.cap_exceeded" for each in mine)
    found.expect(exceeded == 1, f"spend.cap_exceeded was announced {exceeded} times")


class watching:  # noqa: N801 - a context manager that reads like a word
    """Asks all the while what is spent. Called afterwards it gives what was seen."""

    def __init__(self, gateway: Gateway, project: str) -> None:
        self._gateway, self._project = gateway, project
        self._seen: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Callable[[], list[float]]:
        self._thread.start()
        return lambda: self._seen

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)

    def _watch(self) -> None:
        while not self._stop.is_set():
            projects = self._gateway.get("/api/spend").json()["projects"]
            self._seen.append(projects.get(self._project, {"today": 0.0})["today"])
            time.sleep(0.05)


def rows(gateway: Gateway, query: str) -> list[tuple[Any, ...]]:
    path: Path = gateway.data_dir / "headgate.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as db:
        return db.execute(query).fetchall()
