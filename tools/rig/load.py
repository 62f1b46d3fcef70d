"""Many calls at once over raw sockets. Every call has a name of its own, and what became of it is kept."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field

AGENT = "x-punk-agent"  # the name of a call travels as its agent, so that also an interrupted run can be found by it


@dataclass(slots=True)
class Outcome:
    """What one call came to. `complete`: the last byte arrived."""

    name: str
    status: int = 0
    run_id: str = ""
    complete: bool = False
    stream: bool = False
    code: str = ""
    at: float = 0.0
    seconds: float = 0.0


@dataclass(slots=True)
class LoadPlan:
    """How much, for how long. `every_stream=5`: one call in five is a stream."""

    port: int
    connections: int = 64
    seconds: float = 30.0
    every_stream: int = 5
    prefix: str = "call"
    model: str = "gpt-4o-mini"
    key: str = ""
    pause_s: float = 0.0
    limit: int = 200_000
    text: str = "Say something short about water."


@dataclass(slots=True)
class LoadResult:
    outcomes: list[Outcome] = field(default_factory=list[Outcome])

    @property
    def answered(self) -> list[Outcome]:
        """Calls with a whole good answer."""
        return [one for one in self.outcomes if one.complete and one.status == 200]

    @property
    def headed(self) -> list[Outcome]:
        """Calls of which the client at least saw a run id, whole answer or not."""
        return [one for one in self.outcomes if one.run_id]

    def statuses(self) -> dict[str, int]:
        counted = Counter(str(one.status) if one.complete else "cut" for one in self.outcomes)
        return dict(sorted(counted.items()))

    def percentile_ms(self, share: float, *, since: float = 0.0, until: float = float("inf")) -> float:
        """Latency of whole good answers that began in a span of the monotonic clock."""
        times = sorted(one.seconds for one in self.answered if since <= one.at < until)
        return 1000 * times[min(len(times) - 1, int(share * len(times)))] if times else 0.0


class Load:
    """Runs a plan. `stop()` ends it early; a server that dies ends it too."""

    def __init__(self, plan: LoadPlan) -> None:
        self.plan = plan
        self.result = LoadResult()
        self._stopped = False
        self._number = 0

    def stop(self) -> None:
        self._stopped = True

    async def run(self) -> LoadResult:
        until = time.monotonic() + self.plan.seconds
        await asyncio.gather(*(self._worker(until) for _ in range(self.plan.connections)))
        return self.result

    async def _worker(self, until: float) -> None:
        """One connection after the other, one call after the other, until the time or the server is over."""
        refused = 0
        while not self._stopped and time.monotonic() < until and refused < 3:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.plan.port)
            except OSError:
                refused += 1
                await asyncio.sleep(0.1)
                continue
            try:
                while not self._stopped and time.monotonic() < until and self._number < self.plan.limit:
                    if not await self._call(reader, writer):
                        break
                    if self.plan.pause_s:
                        await asyncio.sleep(self.plan.pause_s)
                else:
                    return
            finally:
                writer.transport.abort()

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One call; is the connection still good?"""
        self._number += 1
        plan, number = self.plan, self._number
        stream = plan.every_stream > 0 and number % plan.every_stream == 0
        outcome = Outcome(f"{plan.prefix}-{number}", stream=stream, at=time.monotonic())
        self.result.outcomes.append(outcome)
        try:
            writer.write(self._request(outcome))
            await writer.drain()
            await read_reply(reader, outcome)
        except (OSError, asyncio.IncompleteReadError, ValueError):
            return False
        finally:
            outcome.seconds = time.monotonic() - outcome.at
        return True

    def _request(self, outcome: Outcome) -> bytes:
        plan = self.plan
        message = {"role": "user", "content": f"{plan.text} ({outcome.name})"}
        body = json.dumps(
            {"model": plan.model, "messages": [message], "user": outcome.name, "stream": outcome.stream}
        ).encode()
        key = f"authorization: Bearer {plan.key}\r\n" if plan.key else ""
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{plan.port}\r\ncontent-type: application/json\r\n"
            f"{AGENT}: {outcome.name}\r\n{key}content-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


async def read_reply(reader: asyncio.StreamReader, outcome: Outcome) -> None:
    """Read one whole answer, filling in `outcome` as it comes. Raises IncompleteReadError when it is cut."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    outcome.status = int(first.split(" ")[1])
    outcome.run_id = headers.get("x-punk-run-id", "")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _read_chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    good_end = not outcome.stream or outcome.status != 200 or body.rstrip().endswith(b"data: [DONE]")
    if outcome.status != 200:
        outcome.code = _code(body)
    outcome.complete = good_end


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    pieces: list[bytes] = []
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        data = await reader.readexactly(size + 2)
        if size == 0:
            return b"".join(pieces)
        pieces.append(data[:-2])


def _code(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""
