"""Item 1: policies in files and of the API give their verdicts on every format, plain and streamed, on tool calls and traced
events; a dry run over 10,000 runs; a bad file replaces nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.accept.outcome import Findings
from tools.rig.http import Answer, ask
from tools.rig.load import Load, LoadPlan
from tools.rig.processes import Gateway

RUNS, DRY_RUN_S = 10_000, 5.0
LOOK_S = 3.0  # files are looked at once a second
TOOL = "send_email"
SCHEMA = {"type": "object", "properties": {"to": {"type": "string"}}}
# one agent for each verdict; those on calls stand in files, those on tools are made through the API
FILES = {
    "denied": "deny", "asking": "approval_required", "allowed": "allow",
}  # fmt: skip
CODES = {"deny": "policy_denied", "approval_required": "approval_required"}


def file_text(agent: str, verdict: str, actions: str = "model:*") -> str:
    effect = "deny" if verdict == "deny" else "allow"
    approval = ", requiresApproval: true" if verdict == "approval_required" else ""
    rule = f"{{effect: {effect}, actions: ['{actions}']{approval}}}"
    return f"name: {agent}\nversion: '1'\nappliesTo: {{agentIds: [{agent}]}}\nrules:\n  - {rule}\n"


def bodies(*, tools: bool) -> dict[str, tuple[str, dict[str, Any]]]:
    """Calls by name: path and body. With `tools` the model must call one."""
    said = [{"role": "user", "content": "Send an email to Anna about the meeting."}]
    chat_tool = {"type": "function", "function": {"name": TOOL, "parameters": SCHEMA}}
    extra: dict[str, dict[str, Any]] = {"chat": {}, "messages": {}, "responses": {}}
    if tools:
        extra = {
            "chat": {"tools": [chat_tool], "tool_choice": {"type": "function", "function": {"name": TOOL}}},
            "messages": {"tools": [{"name": TOOL, "input_schema": SCHEMA}], "tool_choice": {"type": "tool", "name": TOOL}},
            "responses": {
                "tools": [{"type": "function", "name": TOOL, "parameters": SCHEMA}],
                "tool_choice": {"type": "function", "name": TOOL},
            },
        }  # fmt: skip
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "chat": ("/v1/chat/completions", {"model": "gpt-4o", "messages": said} | extra["chat"]),
        "messages": (
            "/v1/messages",
            {"model": "gpt-4o", "max_tokens": 99, "messages": said} | extra["messages"],
        ),
        "responses": ("/v1/responses", {"model": "gpt-4o", "input": said[0]["content"]} | extra["responses"]),
    }
    streams = {f"{name} stream": (path, body | {"stream": True}) for name, (path, body) in calls.items()}
    if not tools:
        calls["embeddings"] = ("/v1/embeddings", {"model": "text-embedding-3-small", "input": "hi"})
    return calls | streams


def run(found: Findings) -> None:
    folder = found.folder / "policies"
    folder.mkdir()
    for agent, verdict in FILES.items():
        (folder / f"{agent}.yaml").write_text(file_text(agent, verdict), encoding="utf-8")
    with Gateway(found.folder / "data", settings={"PUNK_POLICIES_DIR": str(folder)}) as gateway:
        for verdict in FILES.values():
            made = gateway.post("/api/trust/policies", tool_policy(verdict))
            found.expect(made.status == 201, f"making a policy: {made.status} {made.text[:200]}")
        table(found, gateway)
        observed(found, gateway)
        bad_file(found, gateway, folder)
        dry_run(found, gateway)


def tool_policy(verdict: str) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "effect": "deny" if verdict == "deny" else "allow",
        "actions": [f"execute:{TOOL}"],
    }
    if verdict == "approval_required":
        rule["requiresApproval"] = True
    return {"name": f"tools {verdict}", "appliesTo": {"agentIds": [f"tool-{verdict}"]}, "rules": [rule]}


def table(found: Findings, gateway: Gateway) -> None:
    """Every call under every verdict, from files; every tool call under every verdict, from the API; traced events."""
    rows = 0
    for agent, verdict in FILES.items():
        for name, (path, body) in bodies(tools=False).items():
            check(found, f"{name} as {agent}", gateway.post(path, body, as_agent(agent)), verdict, tool=False)
            rows += 1
        for name, (path, body) in bodies(tools=True).items():
            told = gateway.post(path, body, as_agent(f"tool-{verdict}"))
            check(found, f"a tool call in {name} under {verdict}", told, verdict, tool=True)
            rows += 1
        started = gateway.chat("begin", as_agent(f"tool-{verdict}"))
        for kind in ("tool.called", "side_effect.planned"):
            event = {
                "runId": started.run_id,
                "type": kind,
                "payload": {"toolName": TOOL, "level": 3, "args": {"to": kind}},
            }
            told = gateway.post("/api/v1/trace", event)
            check(found, f"{kind} under {verdict}", told, verdict, tool=False)
            rows += 1
    found.figure(f"{rows} rows of the table of verdicts")


def as_agent(agent: str) -> Mapping[str, str]:
    return {"x-punk-agent": agent}


def check(found: Findings, what: str, told: Answer, verdict: str, *, tool: bool) -> None:
    """A refusal is a 403, or an error inside a stream that has begun; it never lets the tool call through."""
    if verdict == "allow":
        found.expect(told.status == 200 and not any(code in told.text for code in CODES.values()),
                     f"{what}: {told.status} {told.text[:200]}")  # fmt: skip
        found.expect(not tool or TOOL in told.text, f"{what}: the tool call did not come")
        return
    begun = told.status == 200 and "event-stream" in told.headers.get("content-type", "")
    found.expect(told.status == 403 or begun, f"{what}: {told.status} {told.text[:200]}")
    found.expect(CODES[verdict] in told.text, f"{what}: it does not say {CODES[verdict]}: {told.text[-300:]}")
    found.expect(
        '"arguments"' not in told.text and "partial_json" not in told.text, f"{what}: the call got through"
    )
    if verdict == "approval_required":
        found.expect("apr_" in told.text, f"{what}: no approval is named")


def observed(found: Findings, gateway: Gateway) -> None:
    """An observing key is told nothing, and the verdict is on record."""
    made = gateway.post("/api/v1/keys", {"name": "watch", "mode": "observe"}).json()
    headers = {"authorization": f"Bearer {made['token']}", **as_agent("denied")}
    told = gateway.chat("watched", headers)
    found.expect(told.status == 200, f"an observing key was refused: {told.status}")
    gateway.wait_until_recorded()
    events = gateway.get("/api/v1/audit?agent=denied&decision=deny&limit=500").json()["events"]
    mine = [event for event in events if event["runId"] == told.run_id]
    found.expect(
        len(mine) == 1 and mine[0]["detail"]["enforced"] is False,
        f"the observed verdict is not on record: {mine}",
    )


def bad_file(found: Findings, gateway: Gateway, folder: Path) -> None:
    """A file that is no policy any more changes nothing and is told with its line; a good one holds within seconds."""
    path = folder / "denied.yaml"
    good = path.read_text(encoding="utf-8")
    for bad in ("name: [", good.replace("effect: deny", "effect: perhaps"), good + "surprise: 1\n", ""):
        path.write_text(bad, encoding="utf-8")
        time.sleep(LOOK_S)
        told = gateway.chat("still?", as_agent("denied"))
        found.expect(told.status == 403, f"a bad file replaced a good one: {told.status} ({bad[:30]!r})")
        refused = gateway.get("/api/v1/policies").json()["refusedFiles"]
        named = [each["reason"] for each in refused if each["file"] == path.name]
        found.expect(
            len(named) == 1 and "line" in named[0], f"the bad file is not told with its line: {refused}"
        )
    path.write_text(file_text("denied", "allow"), encoding="utf-8")
    time.sleep(LOOK_S)
    found.expect(
        gateway.chat("now?", as_agent("denied")).status == 200, "a good file does not hold after 3 s"
    )


def dry_run(found: Findings, gateway: Gateway) -> None:
    plan = LoadPlan(gateway.port, connections=32, seconds=300, every_stream=0, limit=RUNS, model="gpt-4o")
    asyncio.run(Load(plan).run())
    gateway.wait_until_recorded()
    draft = {"name": "draft", "rules": [{"effect": "deny", "actions": ["model:chat"]}]}
    began = time.monotonic()
    told = ask(
        "POST", f"{gateway.url}/api/v1/policies/test", body={"policy": draft, "limit": RUNS}, timeout_s=120
    )
    took = time.monotonic() - began
    result = told.json()
    found.expect(
        told.status == 200 and result["runs"] == RUNS,
        f"the dry run saw {result.get('runs')} runs: {told.status}",
    )
    found.expect(result["changed"] >= RUNS * 0.9, f"only {result['changed']} decisions would change")
    found.expect(took < DRY_RUN_S, f"the dry run took {took:.1f} s")
    found.expect(gateway.chat("unharmed", as_agent("allowed")).status == 200, "a dry run changed something")
    found.figure(f"a dry run over {result['runs']} stored runs took {took:.2f} s")
