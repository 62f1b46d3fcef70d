"""Item 7: every endpoint of reference 4's sections on the proxy, guardrails, spend and cache: what is written is read back,
and shows its effect on a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tools.accept.outcome import Findings
from tools.rig.http import Answer, ask
from tools.rig.processes import Gateway

SECRET = "the key is AKIAIOSFODNN7EXAMPLQ"
TODAY = {"x-user-id": "alice"}


class Desk:
    """A gateway, and what is found about it."""

    def __init__(self, found: Findings, gateway: Gateway) -> None:
        self.found = found
        self.gateway = gateway
        self.used: set[str] = set()

    def ask(self, method: str, path: str, body: Any = None, *, named: str = "") -> Answer:
        """One request; `named` is the endpoint as the reference writes it, when it has parameters."""
        self.used.add(f"{method} {named or path.partition('?')[0]}")
        return ask(method, self.gateway.url + path, body=body)

    def chat(self, text: str = "hello", headers: dict[str, str] | None = None, **more: Any) -> Answer:
        self.used.add("POST /v1/chat/completions")
        return self.gateway.chat(text, headers, **more)

    def is_ok(self, answer: Answer, what: str, *fields: str) -> dict[str, Any]:
        """The JSON of a good answer, which must hold `fields`."""
        good = self.found.expect(answer.status in (200, 201), f"{what}: {answer.status} {answer.text[:200]}")
        body: dict[str, Any] = answer.json() if good else {}
        missing = [name for name in fields if name not in body]
        self.found.expect(not missing, f"{what}: its answer has no {', '.join(missing)}")
        return body

    def expect(self, holds: bool, what: str) -> None:
        self.found.expect(holds, what)


def calls(desk: Desk) -> None:
    desk.is_ok(desk.chat(), "a chat call", "id", "choices", "usage")
    completion = desk.ask("POST", "/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "hi"})
    body = desk.is_ok(completion, "a text completion", "choices")
    desk.expect(body.get("object") == "text_completion", "a text completion says what it is")
    desk.is_ok(
        desk.ask("POST", "/v1/embeddings", {"model": "text-embedding-3-small", "input": ["a", "b"]}),
        "embeddings",
        "data",
    )


def modules(desk: Desk) -> None:
    listed = desk.is_ok(desk.ask("GET", "/api/proxy/modules"), "modules", "modules", "count", "total")
    desk.expect(len(listed["modules"]) >= 30, f"{len(listed['modules'])} modules")
    off = desk.ask("GET", "/api/proxy/modules?enabled=false").json()["modules"]
    desk.expect(bool(off) and not any(each["enabled"] for each in off), "modules can be filtered")
    one = "/api/proxy/modules/{name}"
    desk.expect(desk.chat(SECRET).status == 200, "a secret passes while it is only flagged")
    put = desk.ask("PUT", "/api/proxy/modules/secretscan", {"config": {"action": "block"}}, named=one)
    desk.is_ok(put, "changing a module", "status", "module")
    told = desk.is_ok(
        desk.ask("GET", "/api/proxy/modules/secretscan", named=one), "one module", "enabled", "config"
    )
    desk.expect(told["config"]["action"] == "block", "a module's config is read back")
    desk.expect(desk.chat(SECRET).status == 403, "a changed module acts on the next call")
    alias = desk.ask("PUT", "/api/proxy/modules/cachelayer", {"enabled": False}, named=one)
    desk.is_ok(alias, "a module by the reference's name", "status")
    bulk = {"modules": ["secretscan", "cachelayer"], "enabled": False}
    done = desk.is_ok(
        desk.ask("POST", "/api/proxy/modules/bulk", bulk), "many modules at once", "status", "affected"
    )
    desk.expect(done.get("affected") in (1, 2), f"bulk says {done}")
    desk.expect(desk.chat(SECRET).status == 200, "a module that is off does not act")
    desk.ask("POST", "/api/proxy/modules/bulk", bulk | {"enabled": True})
    chain = desk.is_ok(desk.ask("GET", "/api/proxy/chain"), "the chain", "chain", "chain_length")
    names = [each["name"] for each in chain["chain"]]
    desk.expect(
        "secretscan" in names and len(names) == chain["chain_length"], f"the chain is what runs: {names}"
    )
    desk.expect(
        desk.ask("PUT", "/api/proxy/modules/nothing", {}, named=one).status == 404,
        "an unknown module is a 404",
    )
    bad = desk.ask("PUT", "/api/proxy/modules/secretscan", {"config": {"action": "perhaps"}}, named=one)
    desk.expect(bad.status == 400 and "action" in bad.text, "a bad config names its field")
    desk.ask("PUT", "/api/proxy/modules/secretscan", {"config": {"action": "flag"}}, named=one)


def providers(desk: Desk) -> None:
    listed = desk.is_ok(desk.ask("GET", "/api/proxy/providers"), "providers", "providers", "count")
    row = listed["providers"][0]
    fields = {"name", "base_url", "status", "latency_ms", "error_count", "request_count", "last_check"}
    desk.expect(fields <= row.keys(), f"a provider lacks {sorted(fields - row.keys())}")
    desk.chat()
    after = desk.ask("GET", "/api/proxy/providers").json()["providers"][0]
    desk.expect(after["request_count"] > row["request_count"], "requests of a provider are counted")
    check = desk.ask(
        "POST", f"/api/proxy/providers/{row['name']}/check", named="/api/proxy/providers/{name}/check"
    )
    desk.is_ok(check, "checking a provider", "status", "provider", "checked_at")
    desk.is_ok(desk.ask("GET", "/api/proxy/routes"), "routes", "routes")
    status = desk.is_ok(
        desk.ask("GET", "/api/proxy/status"), "the status of the proxy", "app", "status", "total_modules"
    )
    desk.expect((status.get("app"), status.get("status")) == ("proxy", "running"), f"the proxy says {status}")


def guardrails(desk: Desk) -> None:
    one = "/api/guardrails/{id}"
    rule = {
        "name": "no bluebird",
        "pattern": "blue.?bird",
        "action": "block",
        "type": "custom",
        "direction": "input",
    }
    made = desk.is_ok(desk.ask("POST", "/api/guardrails", rule), "making a rule", "id", "status")
    path = f"/api/guardrails/{made['id']}"
    desk.expect(desk.chat("about BLUE bird").status == 403, "a rule acts on the next call")
    streamed = desk.chat("about bluebird", stream=True)
    desk.expect(streamed.status == 403, "and on a stream")
    told = desk.is_ok(desk.ask("GET", path, named=one), "one rule", "name", "pattern", "action")
    desk.expect(told.get("pattern") == rule["pattern"], "a rule is read back")
    desk.is_ok(desk.ask("PUT", path, {"action": "warn"}, named=one), "changing a rule", "status")
    desk.expect(desk.chat("about bluebird").status == 200, "a changed rule acts on the next call")
    dry = desk.is_ok(
        desk.ask("POST", "/api/guardrails/test", {"text": "a bluebird"}), "a dry run", "matches", "count"
    )
    stats = desk.is_ok(
        desk.ask("GET", "/api/guardrails/stats"), "stats", "blocked", "flagged", "redacted", "rule_hits"
    )
    desk.expect(
        (dry.get("count"), stats.get("blocked"), stats.get("flagged")) == (1, 2, 1),
        f"dry {dry}, stats {stats}",
    )
    events = desk.is_ok(desk.ask("GET", "/api/guardrails/events"), "events", "events")
    desk.expect(len(events["events"]) == 3, f"{len(events['events'])} events of 3 matches")
    desk.expect(
        desk.ask("POST", "/api/guardrails", {"name": "x", "pattern": "("}).status == 400,
        "a bad pattern is a 400",
    )
    desk.is_ok(desk.ask("DELETE", path, named=one), "removing a rule", "status")
    desk.expect(desk.ask("GET", path, named=one).status == 404, "a removed rule is gone")
    rules = desk.is_ok(desk.ask("GET", "/api/guardrails"), "rules", "rules")
    desk.expect(rules.get("rules") == [], "the list of rules is empty again")


def spend_of_users(desk: Desk) -> None:
    spent = desk.chat("what does it cost", TODAY, max_tokens=9)
    desk.is_ok(spent, "a call of a user")
    cost = desk.gateway.get(f"/api/v1/runs/{spent.run_id}").json()["run"]["costUsd"]
    base = "/api/users/{id}/spend"
    told = desk.is_ok(
        desk.ask("GET", "/api/users/alice/spend", named=base),
        "a user's spend",
        "user_id",
        "today",
        "month",
        "tokens_in",
        "tokens_out",
    )
    desk.expect(told.get("today") == cost, f"the user's spend is {told.get('today')}, the call cost {cost}")
    history = desk.ask("GET", "/api/users/alice/spend/history?days=30", named=f"{base}/history")
    daily = desk.is_ok(history, "a user's history", "daily")["daily"]
    desk.expect(len(daily) == 1 and daily[0]["requests"] == 1, f"a user's history: {daily}")
    cap = "/api/users/alice/spend/cap"
    empty = desk.is_ok(
        desk.ask("GET", cap, named=f"{base}/cap"), "a cap that nobody set", "daily_cap", "configured"
    )
    desk.expect(empty.get("configured") is False, "a cap that nobody set says so")
    desk.is_ok(
        desk.ask("PUT", cap, {"daily_cap": cost, "monthly_cap": 0}, named=f"{base}/cap"),
        "setting a cap",
        "status",
    )
    over = desk.chat("what does it cost now", TODAY, max_tokens=9)
    desk.expect(over.status == 429 and "retry-after" in over.headers, f"over the cap: {over.status}")
    desk.expect(
        desk.chat("and others", {"x-user-id": "bob"}).status == 200, "a cap of one user holds no other"
    )
    desk.expect(
        desk.ask("PUT", cap, {"daily_cap": -1}, named=f"{base}/cap").status == 400, "a negative cap is a 400"
    )


def spend(desk: Desk) -> None:
    desk.chat("a project's call", {"x-project": "web"})
    told = desk.is_ok(desk.ask("GET", "/api/spend"), "spend", "projects")
    desk.expect(told["projects"].get("web", {}).get("today", 0) > 0, f"the project's spend: {told}")
    history = desk.is_ok(
        desk.ask("GET", "/api/spend/history?days=30&project=web"), "the history of spend", "daily"
    )
    desk.expect(bool(history["daily"]), "the project has a day")


def cache(desk: Desk) -> None:
    def route() -> str:
        return desk.chat("cache me", temperature=0).headers["x-punk-route"]

    desk.expect((route(), route()) == ("live", "exact_cache"), "the second equal call is a hit")
    stats = desk.is_ok(
        desk.ask("GET", "/api/cache/stats"), "the cache", "entries", "hit_rate", "size_bytes", "savings_usd"
    )
    desk.expect(stats.get("entries", 0) >= 1 and stats.get("savings_usd", 0) > 0, f"the cache says {stats}")
    cleared = desk.is_ok(desk.ask("DELETE", "/api/cache"), "clearing the cache", "status")
    desk.expect(cleared.get("status") == "cleared" and route() == "live", "a cleared cache answers nothing")


SECTIONS: dict[str, Callable[[Desk], None]] = {
    "calls": calls, "modules": modules, "providers": providers, "guardrails": guardrails, "spend of users": spend_of_users,
    "spend": spend, "cache": cache,
}  # fmt: skip
ENDPOINTS = 12 + 8 + 4 + 2 + 2  # Chute, Guardrails, User Spend, spend, cache


def run(found: Findings) -> None:
    used: set[str] = set()
    for name, section in SECTIONS.items():
        with Gateway(found.folder / name.replace(" ", "-")) as gateway:
            desk = Desk(found, gateway)
            section(desk)
            used |= desk.used
    found.expect(len(used) == ENDPOINTS, f"{len(used)} endpoints were asked: {sorted(used)}")
    found.figure(f"{len(used)} of {ENDPOINTS} endpoints written, read back and seen at work")
