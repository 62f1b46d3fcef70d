"""Load from `wrk` where it is installed, else from the harness's own sockets; and the latency of paced streams."""

from __future__ import annotations

import asyncio
import json
import math
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.machines import LOAD_CORES, Target
from tools.rig.load import Load, LoadPlan

PROMPT = (
    "You water a garden with four beds from one channel. Say in one paragraph in which order the gates should be opened "
    "when the water is low in the morning and high in the evening, and why the last bed must not be left dry."
)


@dataclass(frozen=True, slots=True)
class Workload:
    """A kind of call. `fresh`: every body is new, so that nothing is answered from the cache."""

    name: str
    stream: bool = False
    fresh: bool = True
    temperature: float = 0.0


LIVE = Workload("live call")
UNCACHED = Workload("live call, temperature 0.7", temperature=0.7)
HIT = Workload("exact-cache hit", fresh=False)
BURST = Workload("20-chunk stream, burst", stream=True)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one window of load came to."""

    requests: int
    errors: int
    p50_ms: float
    p99_ms: float
    per_second: float


def body_of(work: Workload, mark: str) -> str:
    body = {
        "model": "gpt-4o-mini",
        "messages": [
            {"role": "system", "content": "You are brief."},
            {"role": "user", "content": f"{PROMPT} {mark}"},
        ],
        "temperature": work.temperature,
    }
    if work.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return json.dumps(body, separators=(",", ":"))


SCRIPT = """
local before, after, fresh = %s, %s, %s
local thread_number, count = 0, 0
function setup(thread) thread_number = thread_number + 1; thread:set("number", thread_number) end
function request()
  count = count + 1
  local mark = fresh and ("%s-" .. number .. "-" .. count) or "same"
  return wrk.format("POST", "/v1/chat/completions", %s, before .. mark .. after)
end
"""


def run_wrk(target: Target, work: Workload, connections: int, seconds: float, folder: Path) -> Measured:
    wrk = shutil.which("wrk")
    if wrk is None:
        return run_own(target, work, connections, seconds)
    before, _, after = body_of(work, "@MARK@").partition("@MARK@")
    headers = (
        '{["content-type"]="application/json"'
        + (f', ["authorization"]="Bearer {target.key}"' if target.key else "")
        + "}"
    )
    mark = f"{time.monotonic_ns():x}"
    fresh = str(work.fresh).lower()
    script = folder / "load.lua"
    script.write_text(
        SCRIPT % (json.dumps(before), json.dumps(after), fresh, mark, headers), encoding="utf-8"
    )
    cores = ",".join(map(str, sorted(LOAD_CORES)))
    command = [
        "taskset",
        "-c",
        cores,
        wrk,
        "-t1",
        f"-c{connections}",
        f"-d{math.ceil(seconds)}s",
        "--latency",
        "-s",
        str(script),
    ]
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{target.port}/"],
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 60,
    )
    return parse_wrk(done.stdout)


def parse_wrk(text: str) -> Measured:
    def number(pattern: str) -> float:
        match = re.search(pattern, text)
        return float(match[1]) if match else 0.0

    def milliseconds(share: str) -> float:
        match = re.search(rf"^\s+{share}%\s+([\d.]+)(us|ms|s)$", text, re.MULTILINE)
        return float(match[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[match[2]] if match else 0.0

    sockets = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    errors = int(number(r"Non-2xx or 3xx responses: (\d+)")) + (
        sum(map(int, sockets.groups())) if sockets else 0
    )
    return Measured(
        int(number(r"(\d+) requests in")),
        errors,
        milliseconds("50"),
        milliseconds("99"),
        number(r"Requests/sec:\s+([\d.]+)"),
    )


def run_own(target: Target, work: Workload, connections: int, seconds: float) -> Measured:
    """Without wrk: bodies are always new, so that only live calls and streams can be measured."""
    if not work.fresh:
        return Measured(0, 0, 0.0, 0.0, 0.0)
    plan = LoadPlan(
        target.port, connections=connections, seconds=seconds, every_stream=int(work.stream), key=target.key,
        prefix=f"{time.monotonic_ns():x}", text=PROMPT, limit=10_000_000,
    )  # fmt: skip
    result = asyncio.run(Load(plan).run())
    count = len(result.answered)
    return Measured(
        count,
        len(result.outcomes) - count,
        result.percentile_ms(0.5),
        result.percentile_ms(0.99),
        count / seconds,
    )


async def first_chunks(target: Target, calls: int, connections: int) -> list[float]:
    """Milliseconds to the first content event of paced streams, some at a time."""
    taken: list[float] = []
    gate = asyncio.Semaphore(connections)

    async def one(number: int) -> None:
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
            body = json.dumps(
                {
                    "model": "paced", "stream": True, "temperature": 0.7,
                    "messages": [{"role": "user", "content": f"{PROMPT} {number} {time.monotonic_ns()}"}],
                }
            ).encode()  # fmt: skip
            key = f"authorization: Bearer {target.key}\r\n" if target.key else ""
            head = (
                f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
                f"{key}content-length: {len(body)}\r\n\r\n"
            )
            began = time.perf_counter()
            writer.write(head.encode() + body)
            await reader.readuntil(b"data: ")
            taken.append((time.perf_counter() - began) * 1000)
            await reader.readuntil(b"[DONE]")
            writer.transport.abort()

    await asyncio.gather(*(one(number) for number in range(calls)))
    return taken
