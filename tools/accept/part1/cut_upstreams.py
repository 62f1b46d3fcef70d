"""Upstreams that fail in every way: the documented error, one run each, nothing leaked."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headgate.testing.certificates import Authority
from tools.accept.outcome import Findings
from tools.rig.http import Answer
from tools.rig.processes import Gateway, Upstream, free_port

# short deadlines, so that a hang is over soon
DEADLINES = {
    "HEADGATE_CONNECT_TIMEOUT_S": "2",
    "HEADGATE_FIRST_BYTE_TIMEOUT_S": "1",
    "HEADGATE_IDLE_TIMEOUT_S": "1",
    "HEADGATE_TOTAL_TIMEOUT_S": "6",
    "HEADGATE_LOG_LEVEL": "error",
    "HEADGATE_WORKER": "false",  # its connections come when they come, and would look like a leak
}
REPEATS = 3


@dataclass(frozen=True, slots=True)
class Expected:
    """What the client must see, and what the run must say."""

    status: int
    code: str = ""
    reason: str = ""
    run_status: str = "failed"
    in_stream: bool = False  # the head was already out: the error comes as an SSE event
    headers: Mapping[str, str] | None = None


LIMITED = Expected(429, "rate_limit_exceeded")  # the provider's own code passes on
BROKEN = Expected(502, "provider_error")
PLAIN: dict[str, Expected] = {
    "429": LIMITED,
    "429-retry-after": Expected(429, "rate_limit_exceeded", headers={"retry-after": "7"}),
    "500": BROKEN,
    "503": BROKEN,
    "401": BROKEN,
    "hang": Expected(502, "provider_error", "first_byte_timeout"),
    "hang-after-headers": Expected(502, "provider_error", "idle_timeout"),
    "half-body-close": Expected(502, "provider_error"),
    "reset": Expected(502, "provider_error"),
    "close-before-headers": Expected(502, "provider_error"),
    "reset-after-headers": Expected(502, "provider_error"),
    "not-json": BROKEN,
    "bad-status": Expected(502, "provider_error", "protocol"),
    "gzip-bomb": BROKEN,
    "huge-headers": BROKEN,
    "drip-head": Expected(200, run_status="completed"),
}
STREAMED: dict[str, Expected] = {
    "429": LIMITED,
    "500": BROKEN,
    "hang": Expected(502, "provider_error", "first_byte_timeout"),
    "hang-stream": Expected(200, "provider_error", in_stream=True),
    "half-stream-close": Expected(200, "provider_error", in_stream=True),
    "half-stream-reset": Expected(200, "provider_error", in_stream=True),
    "garbage-sse": Expected(200, "provider_error", in_stream=True),
    "error-event": Expected(200, in_stream=True),
    "reset": BROKEN,
    "reset-after-headers": BROKEN,
    "slow-drip": Expected(200, run_status="completed"),
}


def run(found: Findings) -> None:
    scripted(found)
    dead_names(found)
    expired_certificate(found)


def scripted(found: Findings) -> None:
    """Every script of the fault server, plain and streamed, several times."""
    with Upstream(found.folder / "upstream.log") as server:
        settings = {"OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_API_KEY": "sk-accept", **DEADLINES}
        with Gateway(found.folder / "data", settings=settings) as gateway:
            warm_up(gateway)
            before = open_things(gateway)
            wanted: dict[str, Expected] = {}
            for number in range(REPEATS):
                for stream, table in ((False, PLAIN), (True, STREAMED)):
                    for fault, expected in table.items():
                        name = f"{'stream' if stream else 'plain'}:{fault}:{number}"
                        wanted[name] = expected
                        judge(found, name, expected, ask_for(gateway, fault, name, stream=stream))
            one_run_each(found, gateway, wanted)
            nothing_leaked(found, gateway, before)
            left = server.report()
            found.figure(
                f"{len(wanted)} calls at {len(PLAIN) + len(STREAMED)} faults; upstream connections {left['connections']}"
            )


def warm_up(gateway: Gateway) -> None:
    """Everything that is opened once and kept is open before counting begins."""
    for number in range(4):
        gateway.chat("warm", {"x-punk-agent": f"warm-{number}"})
    gateway.wait_until_recorded()
    gateway.get("/api/status")


def ask_for(gateway: Gateway, fault: str, name: str, *, stream: bool) -> Answer:
    return gateway.chat(f"please fail: {name}", {"x-punk-agent": name}, model=f"fault-{fault}", stream=stream)


def judge(found: Findings, name: str, expected: Expected, answer: Answer) -> None:
    """The status, the code and what else the contract says about this failure."""
    if not found.expect(answer.status == expected.status, f"{name}: {answer.status} {answer.text[:160]!r}"):
        return
    found.expect(bool(answer.run_id), f"{name}: no run id in the headers")
    error = stream_error(answer) if expected.in_stream else answer.error()
    if expected.in_stream:
        found.expect(bool(error), f"{name}: no error event in the stream: {answer.text[-160:]!r}")
    if expected.code:
        found.expect(
            error.get("code") == expected.code, f"{name}: code {error.get('code')!r}, not {expected.code!r}"
        )
    if expected.reason:
        found.expect(error.get("reason") == expected.reason, f"{name}: reason {error.get('reason')!r}")
    for header, value in (expected.headers or {}).items():
        found.expect(
            answer.headers.get(header) == value, f"{name}: {header} is {answer.headers.get(header)!r}"
        )


def stream_error(answer: Answer) -> dict[str, Any]:
    """The error object of the last SSE event that has one."""
    for event in reversed(answer.text.split("\n\n")):
        line = event.strip().removeprefix("data:").strip()
        if '"error"' in line:
            try:
                return json.loads(line)["error"]
            except ValueError:
                return {}
    return {}


def one_run_each(found: Findings, gateway: Gateway, wanted: Mapping[str, Expected]) -> None:
    gateway.wait_until_recorded()
    runs = gateway.runs()
    count = Counter(run["agent"] for run in runs)
    status = {run["agent"]: run["status"] for run in runs}
    for name, expected in wanted.items():
        found.expect(count[name] == 1, f"{name}: {count[name]} runs")
        found.expect(status.get(name) == expected.run_status, f"{name}: the run is {status.get(name)!r}")


def open_things(gateway: Gateway) -> dict[str, int]:
    """What a leak would make grow. Idle connections to the upstream are kept on purpose, so they do not count."""
    status = gateway.get("/api/status").json()
    upstream, record = status["upstream"], status["record"]
    files = len(list(Path(f"/proc/{gateway.pid}/fd").iterdir())) if Path("/proc/self/fd").exists() else 0
    return {
        "calls in flight": upstream["inFlight"],
        "calls waiting": upstream["waiting"],
        "busy connections": upstream["open"] - upstream["idle"],
        "holds": record["openRuns"],
        "tasks": status["loop"]["tasks"],
        "open files": files - upstream["idle"],
    }


def nothing_leaked(found: Findings, gateway: Gateway, before: dict[str, int]) -> None:
    """After a moment to settle, nothing is open that was not open before."""
    until = time.monotonic() + 10
    after = open_things(gateway)
    while after != before and time.monotonic() < until:
        time.sleep(0.25)
        after = open_things(gateway)
    for what, count in after.items():
        found.expect(count <= before.get(what, 0), f"leaked: {what} {before.get(what, 0)} -> {count}")
    found.figure(f"open afterwards: {after}")


def dead_names(found: Findings) -> None:
    """A name that does not resolve, and a port nobody listens on."""
    for what, url, reason in (
        ("dead DNS", "http://dead.invalid/v1", "dns"),
        ("refused", f"http://127.0.0.1:{free_port()}/v1", "refused"),
    ):
        settings = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "sk-accept", **DEADLINES}
        single(found, what, settings, reason)


def expired_certificate(found: Findings) -> None:
    """Trusted authority, right name, but over: refused. The same authority with a good certificate works."""
    folder = found.folder / "tls"
    folder.mkdir()
    authority = Authority(folder)
    for what, certificate, reason in (
        ("expired certificate", authority.issue("localhost", expired=True), "tls"),
        ("good certificate", authority.issue("localhost"), ""),
    ):
        with Upstream(found.folder / f"{what}.log", cert=certificate.cert, key=certificate.key) as server:
            trust = {"SSL_CERT_FILE": str(authority.ca)}
            settings = (
                {"OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_API_KEY": "sk-accept"} | trust | DEADLINES
            )
            single(found, what, settings, reason)


def single(found: Findings, what: str, settings: Mapping[str, str], reason: str) -> None:
    """One call on a gateway of its own; no `reason` means that it must work."""
    data = found.folder / what.replace(" ", "-")
    with Gateway(data, settings=settings) as gateway:
        before = open_things(gateway)
        answer = gateway.chat("hello", {"x-punk-agent": what})
        expected = (
            Expected(502, "provider_error", reason) if reason else Expected(200, run_status="completed")
        )
        judge(found, what, expected, answer)
        one_run_each(found, gateway, {what: expected})
        nothing_leaked(found, gateway, before)
