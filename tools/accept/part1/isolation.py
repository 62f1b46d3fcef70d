"""Two tenants, two subjects, two apps seeded with markers: nothing of one holds a marker of the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.accept.outcome import Findings
from tools.rig.http import Answer, ask
from tools.rig.processes import Gateway

ADMIN = "accept-admin-token-0123456789"
SHARED = (
    "What is the capital of France?"  # the same words from everyone: a cache that mixes people up would show
)
SERVED = ("/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/api/v1/tool-cache/check")
PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(slots=True)
class Party:
    """One side of a wall: who calls, and the marker in everything it says."""

    name: str
    marker: str
    house: str  # the marker of its whole tenant
    key: str
    tenant: str
    app: str = ""
    subject: str = ""
    pinned: bool = False
    ids: dict[str, str] = field(default_factory=dict[str, str])

    def headers(self) -> dict[str, str]:
        given = {"authorization": f"Bearer {self.key}", "x-punk-agent": f"agent-{self.marker}"}
        if self.app and not self.pinned:
            given["x-punk-app"] = self.app
        if self.subject:
            given["x-punk-subject"] = self.subject
        return given


def run(found: Findings) -> None:
    settings = {
        "PUNK_API_KEY": ADMIN,
        "HEADGATE_LOG_LEVEL": "error",
        "HEADGATE_RATE_LIMIT_RPM": "0",
        "HEADGATE_CHAT_RATE_LIMIT_RPM": "0",
    }
    with Gateway(found.folder / "data", settings=settings, key=ADMIN) as gateway:
        parties = make_parties(gateway)
        cold = [shared_call(gateway, party) for party in parties]
        routes = [answer.headers.get("x-punk-route") for answer in cold]
        found.expect(
            routes == ["live"] * len(parties), f"the same question crossed a wall in the cache: {routes}"
        )
        warm = [shared_call(gateway, party).headers.get("x-punk-route") for party in parties]
        found.expect(
            warm == ["exact_cache"] * len(parties),
            f"a repeat was not served from each one's own cache: {warm}",
        )
        for party in parties:
            seed(found, gateway, party)
        gateway.wait_until_recorded()
        document = gateway.get("/api/openapi.json").json()
        walk_parties(found, gateway, document, parties)
        walk_nobody(found, gateway, document, parties)
        counts(found, gateway, parties)


def make_parties(gateway: Gateway) -> list[Party]:
    """Two tenants; in the first one two apps by pinned keys, and two subjects by header."""
    parties: list[Party] = []
    for letter in "AB":
        made = gateway.post("/api/v1/projects", {"name": f"project MARK{letter}HOUSE"})
        body = made.json()["data"]
        key, tenant = find_key(body), find_tenant(body)
        parties.append(Party(f"tenant {letter}", f"MARK{letter}TENANT", f"MARK{letter}HOUSE", key, tenant))
    first = parties[0]
    for letter in "CD":
        minted = gateway.post(
            "/api/v1/keys", {"name": f"app {letter}", "appId": f"app-{letter}"}, bearer(first.key)
        ).json()
        parties.append(
            Party(
                f"app {letter}",
                f"MARK{letter}APP",
                first.house,
                minted["token"],
                first.tenant,
                app=f"app-{letter}",
                pinned=True,
            )
        )
    for letter in "EF":
        minted = gateway.post(
            "/api/v1/keys", {"name": f"subject {letter}", "appId": "shop"}, bearer(first.key)
        ).json()
        subject = f"subject-{letter}-MARK{letter}SUBJECT"
        parties.append(
            Party(
                f"subject {letter}",
                f"MARK{letter}SUBJECT",
                first.house,
                minted["token"],
                first.tenant,
                app="shop",
                subject=subject,
                pinned=True,
            )
        )
    return parties


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def find_key(body: Any) -> str:
    """The token somewhere in the answer to a new project."""
    match = re.search(r"\b(?:po_live_|pk_)[A-Za-z0-9_-]{10,}", str(body))
    if match is None:
        raise ValueError(f"no key in the answer to a new project: {sorted(body)}")
    return match[0]


def find_tenant(body: Any) -> str:
    match = re.search(r"\bten_[0-9A-Z]+", str(body))
    if match is None:
        raise ValueError("no tenant in the answer to a new project")
    return match[0]


def shared_call(gateway: Gateway, party: Party) -> Answer:
    return gateway.chat(SHARED, party.headers(), temperature=0)


def seed(found: Findings, gateway: Gateway, party: Party) -> None:
    """Leave the marker everywhere a caller can leave one."""
    mark, headers = party.marker, party.headers()
    answer = gateway.chat(f"my secret is {mark}", headers, temperature=0, metadata={"note": mark})
    found.expect(
        answer.status == 200, f"{party.name}: the seeding call got {answer.status} {answer.text[:150]}"
    )
    party.ids["run"] = answer.run_id
    gateway.chat(f"streamed {mark}", headers, stream=True)
    gateway.post("/v1/embeddings", {"model": "text-embedding-3-small", "input": f"embed {mark}"}, headers)
    gateway.post(
        "/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": f"complete {mark}"}, headers
    )
    gateway.post("/v1/chat/completions", {"model": f"model-{mark}", "messages": f"broken {mark}"}, headers)
    event = {
        "runId": answer.run_id,
        "type": "tool.called",
        "payload": {"name": f"tool-{mark}", "args": {"q": mark}},
    }
    gateway.post("/api/v1/trace", event, headers)
    gateway.post(
        f"/api/v1/runs/{answer.run_id}/feedback",
        {"type": "correction", "correction": f"rather {mark}"},
        headers,
    )
    gateway.post(
        "/api/v1/ingest/prompt",
        {"source": f"source-{mark}", "prompt": f"ingested {mark}", "sessionId": mark},
        headers,
    )
    tool = {
        "toolName": "lookup",
        "args": {"q": "same for all"},
        "result": {"text": f"tool result {mark}"},
    }
    gateway.post("/api/v1/tool-cache/store", tool, headers)
    if not party.app:
        gateway.post("/api/v1/keys", {"name": f"key {mark}"}, headers)
        made = gateway.post("/api/v1/api-keys", {"environment": "staging", "label": f"label {mark}"}, headers)
        party.ids["key"] = made.json()["data"]["id"] if made.status == 201 else ""


def requests_of(
    document: Mapping[str, Any], ids: Mapping[str, str]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every method and path of the API, the parameters filled with somebody's ids, with a small body."""
    for path, operations in sorted(document["paths"].items()):
        for method in METHODS:
            if method not in operations or (method != "get" and destroys(path)):
                continue
            yield method.upper(), fill_in(path, ids), body_for(path)


def fill_in(path: str, ids: Mapping[str, str]) -> str:
    """The path with somebody's id for its parameters."""
    return PARAMETER.sub(ids.get(kind_of(path)) or "none", path)


def destroys(path: str) -> bool:
    """Writes that would take the ground away from the rest of the walk, tried with strangers' ids below."""
    return path in ("/api/v1/projects", "/api/v1/cache/invalidate", "/api/cache")


def kind_of(path: str) -> str:
    return "key" if "keys" in path else "model" if path.startswith("/v1/models") else "run"


def body_for(path: str) -> dict[str, Any]:
    if path.endswith("/memory"):
        return {"source": "web:walk", "trustLane": "untrusted"}
    message = [{"role": "user", "content": SHARED}]
    bodies: dict[str, dict[str, Any]] = {
        "/v1/chat/completions": {"model": "gpt-4o-mini", "messages": message, "temperature": 0},
        "/v1/completions": {"model": "gpt-3.5-turbo-instruct", "prompt": SHARED, "temperature": 0},
        "/v1/embeddings": {"model": "text-embedding-3-small", "input": SHARED},
        "/api/v1/tool-cache/check": {"toolName": "lookup", "args": {"q": "same for all"}},
        "/api/v1/ingest/prompt": {"source": "walk", "prompt": "walking"},
    }
    return bodies.get(path, {"type": "rating", "rating": 1})


def walk_parties(
    found: Findings, gateway: Gateway, document: Mapping[str, Any], parties: list[Party]
) -> None:
    """Each party asks everything, with its own ids and with those of every other; it must not see their markers."""
    asked = 0
    for party in parties:
        for other in parties:
            if other is party or not walled(party, other):
                continue
            for method, path, body in requests_of(document, other.ids | {"model": "gpt-4o-mini"}):
                answer = request(gateway, method, path, body, party.headers())
                asked += 1
                leaks(found, f"{party.name} asks {method} {path}", answer, other.marker)
                if party.tenant != other.tenant:
                    leaks(found, f"{party.name} asks {method} {path}", answer, other.house)
                if path.startswith(f"/api/v1/runs/{other.ids['run']}"):
                    found.expect(
                        answer.status == 404,
                        f"{party.name} gets {answer.status} for a run of {other.name}: {method} {path}",
                    )
        asked += served_content(found, gateway, party, parties)
        for query in list_queries(document, parties):
            answer = request(gateway, "GET", query, {}, party.headers())
            asked += 1
            for other in parties:
                if other is not party and walled(party, other):
                    leaks(found, f"{party.name} asks GET {query}", answer, other.marker)
    found.figure(f"{asked} requests by {len(parties)} parties")


def served_content(found: Findings, gateway: Gateway, party: Party, parties: list[Party]) -> int:
    """What is served from caches stays with its app and subject, whoever else may list it."""
    for path in SERVED:
        answer = request(gateway, "POST", path, body_for(path), party.headers())
        if path == "/api/v1/tool-cache/check":
            found.expect(
                party.marker in answer.text,
                f"{party.name} does not get its own tool result: {answer.text[:150]}",
            )
        for other in parties:
            if other is not party and (other.tenant, other.app, other.subject) != (
                party.tenant,
                party.app,
                party.subject,
            ):
                leaks(found, f"{party.name} asks POST {path}", answer, other.marker)
    return len(SERVED)


def walled(party: Party, other: Party) -> bool:
    """Tenant walls everything. An app-pinned key also sees only its app's runs. Subjects of one app share lists, not answers."""
    if party.tenant != other.tenant:
        return True
    return party.pinned and party.app != other.app


def list_queries(document: Mapping[str, Any], parties: list[Party]) -> Iterator[str]:
    """Lists as they are, and filtered by what belongs to others."""
    for path, operations in sorted(document["paths"].items()):
        if "get" in operations and "{" not in path:
            yield path
    for party in parties:
        for name in ("q", "search", "app", "agent"):
            yield f"/api/v1/runs?{name}={party.app or party.marker}"


def request(
    gateway: Gateway, method: str, path: str, body: Mapping[str, Any], headers: Mapping[str, str]
) -> Answer:
    return ask(
        method,
        gateway.url + path,
        body=None if method == "GET" else dict(body),
        headers=headers,
        timeout_s=30,
    )


def leaks(found: Findings, what: str, answer: Answer, marker: str) -> None:
    whole = answer.text + " ".join(f"{name}: {value}" for name, value in answer.headers.items())
    found.expect(marker not in whole, f"{what}: {answer.status}, and it holds {marker}")


def walk_nobody(found: Findings, gateway: Gateway, document: Mapping[str, Any], parties: list[Party]) -> None:
    """Without a key, with a wrong one, and with a revoked one: no marker at all, and 401 where a right is needed."""
    owner = parties[0]
    minted = gateway.post("/api/v1/keys", {"name": "soon gone"}, bearer(owner.key)).json()
    gateway.post(f"/api/v1/keys/{minted['id']}/revoke", {}, bearer(owner.key))
    callers = {"nobody": {}, "a stranger": bearer("pk_" + "x" * 40), "a revoked key": bearer(minted["token"])}
    asked = 0
    for who, headers in callers.items():
        for method, path, body in requests_of(document, owner.ids | {"model": "gpt-4o-mini"}):
            answer = request(gateway, method, path, body, headers)
            asked += 1
            for party in parties:
                leaks(found, f"{who} asks {method} {path}", answer, party.marker)
            if right_of(document, path, owner, method) != "public":
                found.expect(answer.status == 401, f"{who} gets {answer.status} from {method} {path}")
    found.figure(f"{asked} requests by nobody, a stranger and a revoked key")


def right_of(document: Mapping[str, Any], path: str, owner: Party, method: str) -> str:
    """The right of the documented path behind a filled one."""
    for template, operations in document["paths"].items():
        filled = fill_in(template, owner.ids | {"model": "gpt-4o-mini"})
        if filled == path and method.lower() in operations:
            return str(operations[method.lower()].get("x-right", ""))
    return ""


def counts(found: Findings, gateway: Gateway, parties: list[Party]) -> None:
    """Totals and savings of one tenant do not count the other's calls."""
    totals: dict[str, int] = {}
    for party in parties[:2]:
        listed = gateway.get("/api/v1/runs?limit=500", bearer(party.key)).json()
        saved = gateway.get("/api/v1/savings", bearer(party.key)).json()
        totals[party.name] = listed["total"]
        found.expect(
            saved["totalRuns"] == listed["total"],
            f"{party.name}: savings count {saved['totalRuns']} runs, the list {listed['total']}",
        )
    everything = gateway.get("/api/v1/runs?limit=1").json()["total"]
    found.expect(everything == 0, f"the default tenant, which made no call, has {everything} runs")
    for app in (party for party in parties if party.pinned):
        listed = gateway.get("/api/v1/runs?limit=500", bearer(app.key)).json()["runs"]
        strange = {one["app"] for one in listed} - {app.app}
        found.expect(not strange, f"{app.name} sees runs of {strange}")
    found.figure(f"runs by tenant {totals}")
