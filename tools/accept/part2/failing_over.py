"""Item 4: whatever the first provider does wrong, the client sees one good answer from the second, billed once; with all
dead one clear error in time; a breaker that opens, probes and closes, for all to see."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from tools.accept.outcome import Findings
from tools.rig.http import Answer
from tools.rig.processes import Gateway, Upstream

SECOND = "gpt-4o-mini"
# fault -> what the attempt's row must say
PLAIN: Mapping[str, str] = {
    "429-retry-after": "failed", "500": "failed", "503": "failed", "hang": "unknown", "reset": "unknown",
    "half-body-close": "unknown", "error-in-200": "failed", "not-json": "unknown", "drip-body": "unknown",
}  # fmt: skip
STREAMED: Mapping[str, str] = {
    "429": "failed", "500": "failed", "hang": "unknown", "reset": "unknown", "beginning-then-close": "unknown",
    "error-first": "failed", "error-after-beginning": "failed", "drip-beginning": "unknown",
}  # fmt: skip
ATTEMPT_S, OPEN_S, DEADLINE_S = 1.0, 2.0, 6.0
SAMPLES = 6


def run(found: Findings) -> None:
    with Upstream(found.folder / "first.log") as first, Upstream(found.folder / "second.log") as second:
        with Gateway(found.folder / "data", settings=settings(first.url, second.url)) as gateway:
            gateway.chat("prices are loaded with the first call", model="ok")
            before = len(gateway.runs())
            for stream, table in ((False, PLAIN), (True, STREAMED)):
                for fault, outcome in table.items():
                    failed_over(found, gateway, fault, outcome, stream=stream)
            gateway.wait_until_recorded()
            count = len(gateway.runs()) - before
            expected = len(PLAIN) + len(STREAMED)
            found.expect(count == expected, f"{count} runs of {expected} calls")
            callers_fault(found, gateway, second)
            failed_over(found, gateway, "401", "failed", stream=False)  # the key rests after this
        with Gateway(found.folder / "dead", settings=settings(first.url, second.url)) as gateway:
            all_dead(found, gateway)
        breaker(found, first.url, second.url)
        dead_name(found, second)


def settings(first: str, second: str, **failover: Any) -> dict[str, str]:
    """Two providers of our own, the second a way out of the first, which is asked for the model that the call names."""
    providers = {
        "first": {"base_url": f"{first}/v1", "api_key": "sk-first"},
        "second": {"base_url": f"{second}/v1", "api_key": "sk-second"},
    }
    module = {
        "enabled": True, "chain": [{"provider": "first"}, {"provider": "second", "model": SECOND}],
        "attempt_timeout_s": ATTEMPT_S, "deadline_s": DEADLINE_S, "max_retries": 1, "base_delay_s": 0.05,
        "circuit_breaker": {"min_samples": 1000},
    }  # fmt: skip
    return {
        "HEADGATE_PROVIDERS": json.dumps(providers), "HEADGATE_MODULES": json.dumps({"failover": module | failover}),
        "HEADGATE_CONNECT_TIMEOUT_S": "1", "HEADGATE_LOG_LEVEL": "error", "HEADGATE_WORKER": "false",
    }  # fmt: skip


def failed_over(found: Findings, gateway: Gateway, fault: str, outcome: str, *, stream: bool) -> None:
    """One good answer from the second, both tries on record, only the second billed."""
    name = f"{'stream' if stream else 'plain'}: {fault}"
    answer = gateway.chat(f"{name}, please", model=f"fault-{fault}", stream=stream)
    good = answer.status == 200 and answer.headers.get("x-headgate-provider") == "second"
    if not found.expect(good, f"{name}: {answer.status} {answer.text[:200]}"):
        return
    if stream:
        found.expect(answer.text.endswith("data: [DONE]\n\n"), f"{name}: the stream does not end")
        found.expect(answer.text.count('"role":"assistant"') == 1, f"{name}: two beginnings in one stream")
        found.expect('"error"' not in answer.text, f"{name}: an error in the stream")
    shown = gateway.get(f"/api/v1/runs/{answer.run_id}").json()
    tries = [(each["provider"], each["outcome"]) for each in shown["attempts"]]
    found.expect(tries == [("first", outcome), ("second", "answered")], f"{name}: attempts {tries}")
    cost = shown["run"]["costUsd"]
    right = (12 * 0.15 + 16 * 0.6) / 1e6
    found.expect(cost is not None and abs(cost - right) < 1e-12, f"{name}: billed {cost}, not {right}")


def callers_fault(found: Findings, gateway: Gateway, second: Upstream) -> None:
    before = second.report()["requests"]
    answer = gateway.chat("wrong", model="fault-400")
    found.expect(answer.status == 400, f"a bad request: {answer.status}")
    found.expect(second.report()["requests"] == before, "a bad request was asked of the second provider too")


def all_dead(found: Findings, gateway: Gateway) -> None:
    """Both providers get the same fault: the chain is overridden by a model that both take literally."""
    began = time.monotonic()
    dead = {"X-Provider": "first"}
    answer = gateway.chat("dead", dead, model="fault-500")
    took = time.monotonic() - began
    error = answer.error()
    found.expect(
        answer.status == 502 and error.get("code") == "provider_error", f"all dead: {answer.status} {error}"
    )
    found.expect(len(error.get("attempts") or []) == 2, f"all dead: it does not name what was tried: {error}")
    found.expect(answer.headers.get("x-should-retry") == "false", "all dead: the client is not told to stop")
    found.expect(took < DEADLINE_S + 1, f"all dead: {took:.1f} s, the deadline is {DEADLINE_S}")
    found.figure(f"with all dead the error came after {took:.2f} s")


def breaker(found: Findings, first: str, second: str) -> None:
    """It opens, is seen, lets a probe through, and closes."""
    circuit = {"min_samples": SAMPLES, "open_s": OPEN_S, "successes": 1}
    with Gateway(
        found.folder / "breaker", settings=settings(first, second, circuit_breaker=circuit, max_retries=0)
    ) as gateway:
        answer = gateway.chat("x", model="fault-500")
        for _ in range(SAMPLES + 2):
            answer = gateway.chat("x", model="fault-500")
            found.expect(answer.status == 200, f"while the first fails: {answer.status}")
        found.expect(state(gateway) == "open", f"the breaker is {state(gateway)!r} after {SAMPLES} failures")
        tried = gateway.get(f"/api/v1/runs/{answer.run_id}").json()
        found.expect(tried["attempts"] == [], "an open circuit is still tried")
        alone = gateway.chat("x", {"X-Provider": "first"}, model="fault-500")
        said = alone.error().get("code")
        found.expect(
            (alone.status, said) == (503, "circuit_open"), f"with every circuit open: {alone.status} {said}"
        )
        time.sleep(OPEN_S + 0.1)
        gateway.chat("x", model="fault-500")  # a probe that fails
        found.expect(state(gateway) == "open", "a failed probe does not open it again")
        found.expect(gateway.post("/api/proxy/breakers/first/reset", {}).status == 200, "it cannot be reset")
        found.expect(state(gateway) == "closed", "it is not closed by a reset")


def state(gateway: Gateway) -> str:
    """The state of the circuit of the first provider for the failing model, as everybody can see it."""
    rows = gateway.get("/api/proxy/breakers").json()["breakers"]
    return next(
        (row["state"] for row in rows if row["provider"] == "first" and row["model"] == "fault-500"), ""
    )


def dead_name(found: Findings, second: Upstream) -> None:
    with Gateway(found.folder / "dns", settings=settings("http://dead.invalid", second.url)) as gateway:
        answer: Answer = gateway.chat("x", model="gpt-4o")
        found.expect(
            answer.headers.get("x-headgate-provider") == "second",
            f"dead DNS: {answer.status} {answer.text[:200]}",
        )
        shown = gateway.get(f"/api/v1/runs/{answer.run_id}").json()
        tries = [(each["reason"], each["outcome"]) for each in shown["attempts"]]
        found.expect(tries[:1] == [("dns", "failed")], f"dead DNS: attempts {tries}")
