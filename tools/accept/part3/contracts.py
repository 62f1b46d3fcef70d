"""Item 7: every endpoint of governance, trust, settings, credentials and jobs: what is written is read back, and shows its
effect."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from tools.accept.outcome import Findings
from tools.accept.part2.contracts import Desk
from tools.rig.processes import Gateway

WAIT_S = 60.0
DENY = {
    "name": "no mail",
    "appliesTo": {"agentIds": ["mailer"]},
    "rules": [{"effect": "deny", "actions": ["model:chat"]}],
}
ASK = {
    "name": "ask first",
    "appliesTo": {"agentIds": ["worker"]},
    "rules": [{"effect": "allow", "actions": ["model:chat"], "requiresApproval": True}],
}
DEFAULTS = {
    "retention_days", "redaction", "webhook_url", "webhook_secret", "approval_exception_ttl_hours", "canary_enabled",
    "memory_quarantine",
}  # fmt: skip


def policies(desk: Desk) -> None:
    one = "/api/trust/policies/{id}"
    made = desk.is_ok(desk.ask("POST", "/api/trust/policies", DENY), "making a policy", "id", "status")
    path = f"/api/trust/policies/{made['id']}"
    mail = {"x-punk-agent": "mailer"}
    desk.expect(desk.chat("hi", mail).status == 403, "a policy acts on the next call")
    listed = desk.is_ok(desk.ask("GET", "/api/trust/policies"), "policies", "policies", "count", "total")
    desk.expect([each["id"] for each in listed["policies"]] == [made["id"]], "a policy is listed")
    told = desk.is_ok(desk.ask("GET", path, named=one), "one policy", "id", "name", "config", "enabled")
    desk.expect(told.get("name") == DENY["name"], "a policy is read back")
    desk.is_ok(desk.ask("PUT", path, {"enabled": False}, named=one), "switching a policy off", "status")
    desk.expect(desk.chat("hi", mail).status == 200, "a policy that is off does not act")
    desk.is_ok(desk.ask("PUT", path, {"enabled": True}, named=one), "switching it on", "status")
    desk.expect(desk.chat("hi", mail).status == 403, "and on again")
    every = desk.is_ok(
        desk.ask("GET", "/api/v1/policies"), "policies that hold", "policies", "analysis", "refusedFiles"
    )
    desk.expect(any(each["id"] == made["id"] for each in every["policies"]), "what holds is listed")
    desk.chat("of nobody special")
    desk.gateway.wait_until_recorded()
    dry = desk.is_ok(desk.ask("POST", "/api/v1/policies/test", {"policy": DENY | {"name": "draft", "appliesTo": {}}}),
                     "a dry run", "runs", "changed", "changes")  # fmt: skip
    desk.expect(dry.get("changed", 0) >= 1, f"the dry run says {dry}")
    content = {
        "name": "words",
        "action": "block",
        "rules": [{"field": "request.content", "pattern": "bluebird"}],
    }
    words = desk.is_ok(desk.ask("POST", "/api/trust/policies", content), "a policy on content", "id")
    desk.expect(desk.chat("a bluebird").status == 403, "a policy on content acts")
    for each in (made["id"], words["id"]):
        desk.is_ok(
            desk.ask("DELETE", f"/api/trust/policies/{each}", named=one), "removing a policy", "status"
        )
    desk.expect(desk.chat("a bluebird", mail).status == 200, "a removed policy does not act")


def approvals(desk: Desk) -> None:
    desk.ask("POST", "/api/trust/policies", ASK)
    worker = {"x-punk-agent": "worker"}
    waits = [desk.chat(text, worker).error()["approvalId"] for text in ("one", "two")]
    desk.gateway.wait_until_recorded()
    listed = desk.is_ok(
        desk.ask("GET", "/api/v1/approvals?status=pending"), "approvals", "approvals", "total"
    )
    desk.expect({each["id"] for each in listed["approvals"]} == set(waits), f"pending approvals: {listed}")
    told = desk.is_ok(desk.ask("GET", f"/api/v1/approvals/{waits[0]}", named="/api/v1/approvals/{id}"), "one approval",
                      "status", "requester", "policy", "detail", "expiresAt")  # fmt: skip
    desk.expect(told.get("status") == "pending", f"it is {told.get('status')}")
    for approval, verb, status in ((waits[0], "approve", 200), (waits[1], "reject", 403)):
        path = f"/api/v1/approvals/{approval}/{verb}"
        done = desk.is_ok(
            desk.ask("POST", path, {"reason": "so"}, named=f"/api/v1/approvals/{{id}}/{verb}"), verb
        )
        desk.expect(bool(done), f"{verb} says nothing")
        text = "one" if verb == "approve" else "two"
        desk.expect(desk.chat(text, worker).status == status, f"after {verb} the call is not a {status}")


def agents(desk: Desk) -> None:
    desk.chat("hello", {"x-punk-agent": "robin"})
    listed = desk.is_ok(desk.ask("GET", "/api/v1/agents"), "agents", "agents", "total")
    desk.expect("robin" in str(listed["agents"]), "an agent is there on first sight")
    one = "/api/v1/agents/{id}"
    told = desk.is_ok(desk.ask("GET", "/api/v1/agents/robin", named=one), "one agent", "trustTier")
    change = {"trustTier": "trusted", "tags": ["night"], "reason": "known for years"}
    desk.is_ok(desk.ask("PATCH", "/api/v1/agents/robin", change, named=one), "changing an agent")
    after = desk.ask("GET", "/api/v1/agents/robin", named=one).json()
    desk.expect(
        (told["trustTier"], after["trustTier"]) == ("unverified", "trusted"),
        f"its tier is {after['trustTier']}",
    )
    rule = {"effect": "deny", "actions": ["model:chat"]}
    desk.ask(
        "POST", "/api/trust/policies", {"name": "tag", "appliesTo": {"tags": ["night"]}, "rules": [rule]}
    )
    desk.expect(desk.chat("now", {"x-punk-agent": "robin"}).status == 403, "a tag chooses no policy")


def memory(desk: Desk) -> None:
    """The setting `memory_quarantine` and what it steers."""
    run_id = desk.chat("begin").run_id
    influence = {"source": "web:example.com", "trustLane": "untrusted"}
    path, named = f"/api/v1/runs/{run_id}/memory", "/api/v1/runs/{id}/memory"
    desk.is_ok(desk.ask("POST", path, influence, named=named), "an influence", "ok")
    event = {"runId": run_id, "type": "tool.called", "payload": {"toolName": "pay", "level": 3}}
    desk.expect(desk.gateway.post("/api/v1/trace", event).status == 200, "without quarantine an action waits")
    desk.ask("PUT", "/api/v1/settings", {"key": "memory_quarantine", "value": True})
    waits = desk.gateway.post("/api/v1/trace", event)
    desk.expect(waits.status == 403 and "approval_required" in waits.text, f"in quarantine: {waits.status}")
    desk.ask("POST", path, influence | {"trustLane": "human_approved"}, named=named)
    desk.expect(desk.gateway.post("/api/v1/trace", event).status == 200, "what is approved does not lift it")


def ledger(desk: Desk) -> None:
    entry = {"event_type": "accept.note", "action": "noted", "resource": "x", "detail": {"n": 1}}
    made = desk.is_ok(desk.ask("POST", "/api/trust/ledger", entry), "appending", "status", "id", "hash")
    listed = desk.is_ok(
        desk.ask("GET", "/api/trust/ledger?event_type=accept.note"), "the ledger", "events", "count"
    )
    desk.expect([each["id"] for each in listed["events"]] == [made["id"]], "an entry is read back")
    for mode in ("full", "incremental"):
        told = desk.is_ok(
            desk.ask("GET", f"/api/trust/ledger/verify?mode={mode}"), mode, "valid", "events_checked"
        )
        desk.expect(told.get("valid") is True, f"{mode} verification: {told}")
    time.sleep(1.5)
    desk.ask("POST", "/api/trust/ledger", entry)
    time.sleep(1.5)
    points = desk.is_ok(
        desk.ask("GET", "/api/trust/ledger/checkpoints"), "checkpoints", "checkpoints", "public_key"
    )
    desk.expect(points["total"] >= 1, "there is no checkpoint")
    proof = desk.ask("GET", f"/api/trust/ledger/proof/{made['id']}", named="/api/trust/ledger/proof/{id}")
    desk.is_ok(proof, "a proof", "path", "checkpoint", "leaf_hash")
    desk.is_ok(desk.ask("GET", "/api/trust/ledger/consistency?from=1&to=2"), "consistency", "path", "to_root")
    export = desk.ask("GET", "/api/trust/ledger/export")
    desk.expect(export.status == 200 and export.body.startswith(b'{"format"'), "the export is none")
    audit = desk.is_ok(desk.ask("GET", "/api/v1/audit?limit=5"), "audit", "events", "total")
    desk.expect(bool(audit["events"]), "the audit is empty")


def evidence(desk: Desk) -> None:
    run_id = desk.chat("write to jane.doe@example.com", temperature=0).run_id
    desk.gateway.wait_until_recorded()
    for path, fields in (
        (
            "evidence-packet",
            ("routeExplanation", "integrity", "replay", "sideEffects", "audit", "events", "proofs", "hash"),
        ),
        ("replay-bundle", ("material", "integrity", "hash")),
    ):
        told = desk.ask("GET", f"/api/v1/runs/{run_id}/{path}", named=f"/api/v1/runs/{{id}}/{path}")
        desk.is_ok(told, path, *fields)
        desk.expect("jane.doe" not in told.text and "[redacted:" in told.text, f"{path} is not redacted")
    pack = desk.is_ok(
        desk.ask("POST", "/api/trust/evidence", {"name": "all", "date_from": "2020-01-01"}),
        "a pack",
        "id",
        "hash",
    )
    listed = desk.is_ok(desk.ask("GET", "/api/trust/evidence"), "packs", "packs")
    desk.expect([each["hash"] for each in listed["packs"]] == [pack["hash"]], "a pack is listed")
    path, named = f"/api/trust/evidence/{pack['id']}", "/api/trust/evidence/{id}"
    whole = desk.is_ok(desk.ask("GET", path, named=named), "a pack whole", "rows")
    desk.expect(
        whole.get("unchanged") is True and len(whole["rows"]) == pack["event_count"],
        "a pack is not what was hashed",
    )
    page = desk.ask("GET", f"/api/trust/evidence/{pack['id']}?format=html", named="/api/trust/evidence/{id}")
    desk.expect(pack["hash"] in page.text, "the page does not show the hash")
    opinion = {"request_id": run_id, "rating": 5, "comment": "good"}
    desk.is_ok(desk.ask("POST", "/api/trust/feedback", opinion), "feedback", "status", "id")
    told = desk.is_ok(desk.ask("GET", "/api/trust/feedback"), "feedback", "feedback", "count")
    desk.expect(told["feedback"][0]["request_id"] == run_id, "feedback is not read back")
    replay(desk, run_id)
    status = desk.is_ok(desk.ask("GET", "/api/trust/status"), "the status", "ledger_events", "chain_valid")
    counts = (status["feedback_count"], status["replays"], status["evidence_packs"], status["chain_valid"])
    desk.expect(counts == (1, 1, 1, True), f"the status says {status}")


def replay(desk: Desk, run_id: str) -> None:
    """Really run by the worker, past the cache that would answer it; the mock says the same twice."""
    begun = desk.ask("POST", "/api/trust/replays", {"original_request_id": run_id})
    desk.expect(
        begun.status == 202 and begun.json()["status"] == "queued",
        f"a replay: {begun.status} {begun.text[:200]}",
    )
    until = time.monotonic() + WAIT_S
    row: dict[str, Any] = {}
    while time.monotonic() < until and row.get("status") not in ("completed", "failed"):
        time.sleep(0.3)
        row = desk.ask("GET", "/api/trust/replays").json()["replays"][0]
    desk.expect((row["status"], row["match_score"]) == ("completed", 1.0), f"the replay: {row}")
    if row["replay_run_id"]:
        run = desk.gateway.get(f"/api/v1/runs/{row['replay_run_id']}").json()["run"]
        desk.expect(
            (run["route"], run["parentRun"]) == ("live", run_id),
            f"the replay was {run['route']}, not asked anew",
        )


def settings(desk: Desk) -> None:
    told = desk.is_ok(desk.ask("GET", "/api/v1/settings"), "settings", "settings")
    desk.expect(set(told["settings"]) >= DEFAULTS, f"settings lack {DEFAULTS - set(told['settings'])}")
    for key, value in (
        ("retention_days", 30),
        ("redaction", True),
        ("webhook_secret", "hush"),
        ("canary_enabled", False),
    ):
        put = desk.is_ok(desk.ask("PUT", "/api/v1/settings", {"key": key, "value": value}), key, "settings")
        shown = put["settings"][key]
        desk.expect(shown == ("[set]" if key == "webhook_secret" else value), f"{key} reads back as {shown}")
    for bad in (
        {"key": "nothing", "value": 1},
        {"key": "retention_days", "value": -1},
        {"key": "redaction", "value": "yes"},
    ):
        desk.expect(desk.ask("PUT", "/api/v1/settings", bad).status == 400, f"{bad} is not a 400")
    audit = desk.ask("GET", "/api/v1/audit?limit=50")
    desk.expect(
        "setting.changed" in audit.text and "hush" not in audit.text,
        "changes are not in the ledger, or secrets are",
    )


def credentials(desk: Desk) -> None:
    wish = {"name": "x", "value": "planted-0815"}
    made = desk.is_ok(desk.ask("POST", "/api/v1/credentials", wish), "a credential", "id", "ref")
    listed = desk.ask("GET", "/api/v1/credentials")
    desk.is_ok(listed, "credentials", "credentials", "total")
    desk.expect("planted-0815" not in listed.text, "a value came back")
    rotated = desk.gateway.command_line("keys", "rotate-secrets", "--json")
    sealed: dict[str, int] = json.loads(rotated.stdout)["sealed"] if rotated.returncode == 0 else {}
    desk.expect(sealed.get("credentials") == 1, f"rotation: {rotated.stdout}{rotated.stderr}")
    key_id = desk.ask("GET", "/api/v1/credentials").json()["credentials"][0]["keyId"]
    desk.expect(key_id != made["keyId"], "after a rotation the old key is still in use")
    gone = desk.ask("DELETE", f"/api/v1/credentials/{made['id']}", named="/api/v1/credentials/{id}")
    desk.is_ok(gone, "deleting a credential", "ok")


def jobs(desk: Desk) -> None:
    job = eventually(lambda: first_id(desk.ask("GET", "/api/v1/jobs?status=queued").json()["jobs"]), bool)
    desk.expect(bool(job), "no periodic job waits")
    listed = desk.is_ok(desk.ask("GET", "/api/v1/jobs?limit=10"), "jobs", "jobs", "stats", "total")
    states = {"queued", "running", "succeeded", "failed", "dead", "cancelled", "total"}
    desk.expect(set(listed["stats"]) == states, f"stats are {listed['stats']}")
    cancelled = desk.ask("POST", f"/api/v1/jobs/{job}/cancel", named="/api/v1/jobs/{id}/cancel")
    desk.expect(
        desk.is_ok(cancelled, "cancelling", "status").get("status") == "cancelled", "it is not cancelled"
    )
    retried = desk.ask("POST", f"/api/v1/jobs/{job}/retry", named="/api/v1/jobs/{id}/retry")
    desk.expect(desk.is_ok(retried, "retrying", "status").get("status") == "queued", "it is not queued again")
    state = eventually(lambda: state_of(desk, job), lambda state: state == "succeeded")
    desk.expect(state == "succeeded", f"a retried job is {state} after {WAIT_S:.0f} s")
    desk.expect(desk.ask("GET", "/api/v1/jobs?status=lost").status == 400, "an unknown state is not a 400")


def first_id(rows: list[dict[str, Any]]) -> str:
    return str(rows[0]["id"]) if rows else ""


def state_of(desk: Desk, job: str) -> str:
    rows: list[dict[str, Any]] = desk.ask("GET", "/api/v1/jobs?limit=100").json()["jobs"]
    return next((str(each["status"]) for each in rows if each["id"] == job), "")


def eventually(look: Callable[[], str], holds: Callable[[str], bool]) -> str:
    """What `look` gives as soon as it is right, or at last."""
    until = time.monotonic() + WAIT_S
    while not holds(found := look()) and time.monotonic() < until:
        time.sleep(0.3)
    return found


SECTIONS: dict[str, Callable[[Desk], None]] = {
    "policies": policies, "approvals": approvals, "agents": agents, "memory": memory, "ledger": ledger, "evidence": evidence,
    "settings": settings, "credentials": credentials, "jobs": jobs,
}  # fmt: skip
CALLS = {"POST /v1/chat/completions"}


def run(found: Findings) -> None:
    used: set[str] = set()
    for name, section in SECTIONS.items():
        with Gateway(found.folder / name) as gateway:
            desk = Desk(found, gateway)
            section(desk)
            used |= desk.used - CALLS
    found.figure(f"{len(used)} endpoints of governance written, read back and seen at work")
