"""Item 2: an approval lets exactly one call pass, once; nothing else, nobody else, and not after its time."""

from __future__ import annotations

import concurrent.futures
import time
from dataclasses import dataclass
from typing import Any

from tools.accept.outcome import Findings
from tools.rig.http import Answer, ask
from tools.rig.processes import Gateway

ADMIN = "accept-admin-token-0123456789"
POLICY: dict[str, Any] = {
    "name": "ask first",
    "appliesTo": {"agentIds": ["worker"]},
    "rules": [{"effect": "allow", "actions": ["model:chat"], "requiresApproval": True}],
}
SETTINGS = {"PUNK_API_KEY": ADMIN, "HEADGATE_RATE_LIMIT_RPM": "0", "HEADGATE_CHAT_RATE_LIMIT_RPM": "0"}
DUELS = 15


@dataclass(slots=True)
class Scene:
    """A gateway in protected mode: two callers, and two who decide."""

    found: Findings
    gateway: Gateway
    caller: str
    other: str
    first: str
    second: str

    @staticmethod
    def of(found: Findings, gateway: Gateway) -> Scene:
        def key(name: str, *, admin: bool) -> str:
            return str(gateway.post("/api/v1/keys", {"name": name, "admin": admin}).json()["token"])

        names = (("caller", False), ("other", False), ("first", True), ("second", True))
        scene = Scene(found, gateway, *(key(name, admin=admin) for name, admin in names))
        made = gateway.post("/api/trust/policies", POLICY)
        found.expect(made.status == 201, f"making the policy: {made.status} {made.text[:200]}")
        return scene

    def call(self, text: str, key: str = "") -> Answer:
        headers = {"authorization": f"Bearer {key or self.caller}", "x-punk-agent": "worker"}
        return self.gateway.chat(text, headers)

    def decide(self, approval: str, verb: str, key: str = "") -> Answer:
        headers = {"authorization": f"Bearer {key or self.first}"}
        return self.gateway.post(f"/api/v1/approvals/{approval}/{verb}", {"reason": "accept"}, headers)

    def ask(self, text: str, key: str = "") -> str:
        """Ask, and be told to wait; the approval's id."""
        told = self.call(text, key)
        approval = str(told.error().get("approvalId", ""))
        self.found.expect(
            told.status == 403 and approval.startswith("apr_"), f"{text}: {told.status} {told.text[:200]}"
        )
        return approval

    def approve(self, approval: str) -> None:
        self.gateway.wait_until_recorded()
        told = self.decide(approval, "approve")
        self.found.expect(told.status == 200, f"approving: {told.status} {told.text[:200]}")

    def passes(self, text: str, what: str) -> None:
        told = self.call(text)
        self.found.expect(told.status == 200, f"{what}: {told.status} {told.text[:200]}")

    def waits(self, text: str, what: str, key: str = "") -> str:
        told = self.call(text, key)
        self.found.expect(told.status == 403, f"{what}: {told.status} {told.text[:200]}")
        return str(told.error().get("approvalId", ""))


def run(found: Findings) -> None:
    with Gateway(found.folder / "data", settings=SETTINGS, key=ADMIN) as gateway:
        scene = Scene.of(found, gateway)
        once(scene)
        bound(scene)
        decided(scene)
        expired(scene)
        duels(scene)
        restarts(scene)


def once(scene: Scene) -> None:
    approval = scene.ask("pay anna")
    scene.found.expect(scene.ask("pay anna") == approval, "the same wish has two approvals")
    scene.approve(approval)
    scene.passes("pay anna", "an approved call does not pass")
    again = scene.waits("pay anna", "an approval was used twice")
    scene.found.expect(again not in ("", approval), "a used approval is asked for again")
    scene.gateway.wait_until_recorded()
    row = scene.gateway.get(f"/api/v1/approvals/{approval}").json()
    scene.found.expect(
        row["status"] == "used" and bool(row["usedByRun"]), f"a used approval is {row['status']}"
    )


def bound(scene: Scene) -> None:
    approval = scene.ask("pay 5 to ben")
    scene.approve(approval)
    changed = scene.waits("pay 500 to ben", "changed arguments passed")
    other = scene.waits("pay 5 to ben", "another caller passed", scene.other)
    scene.found.expect(len({approval, changed, other}) == 3, "changed wishes share an approval")
    scene.passes("pay 5 to ben", "the approved call was spent by others")


def decided(scene: Scene) -> None:
    rejected = scene.ask("sell the house")
    scene.gateway.wait_until_recorded()
    scene.found.expect(scene.decide(rejected, "reject").status == 200, "a rejection fails")
    again = scene.waits("sell the house", "a rejected call passed")
    scene.found.expect(again not in ("", rejected), "a rejected wish cannot be asked for again")
    late = scene.decide(rejected, "approve")
    scene.found.expect(late.status == 409, f"a rejected approval was approved: {late.status}")
    own = scene.ask("promote me", scene.first)
    scene.gateway.wait_until_recorded()
    told = scene.decide(own, "approve", scene.first)
    scene.found.expect(
        told.status == 403 and "may_not_decide" in told.text, f"whoever asked decided: {told.status}"
    )
    user = scene.decide(own, "approve", scene.other)
    scene.found.expect(user.status == 403, f"a key without the right decided: {user.status}")


def expired(scene: Scene) -> None:
    """The time of an exception is the tenant's setting."""
    set_hours(scene, 1.5 / 3600)
    quick, slow = scene.ask("in time"), scene.ask("too late")
    scene.approve(quick)
    scene.passes("in time", "an approved call does not pass in its time")
    scene.approve(slow)
    time.sleep(2.0)
    again = scene.waits("too late", "an expired approval let a call pass")
    scene.found.expect(again not in ("", slow), "an expired approval is asked for again")
    set_hours(scene, 1)


def set_hours(scene: Scene, hours: float) -> None:
    body = {"key": "approval_exception_ttl_hours", "value": hours}
    told = ask(
        "PUT", f"{scene.gateway.url}/api/v1/settings", body=body, headers={"authorization": f"Bearer {ADMIN}"}
    )
    scene.found.expect(told.status == 200, f"the setting: {told.status} {told.text[:200]}")


def duels(scene: Scene) -> None:
    """One approves and one rejects at the same moment: one wins, and the call goes as the winner said."""
    winners: list[str] = []
    for number in range(DUELS):
        text = f"duel {number}"
        approval = scene.ask(text)
        scene.gateway.wait_until_recorded()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            sides = {
                "approve": pool.submit(scene.decide, approval, "approve", scene.first),
                "reject": pool.submit(scene.decide, approval, "reject", scene.second),
            }
            told = {verb: side.result() for verb, side in sides.items()}
        won = [verb for verb, each in told.items() if each.status == 200]
        statuses = sorted(each.status for each in told.values())
        scene.found.expect(statuses == [200, 409], f"two deciders at once: {statuses}")
        expected = 200 if won == ["approve"] else 403
        after = scene.call(text)
        scene.found.expect(
            after.status == expected, f"{won} won, and the call is answered with {after.status}"
        )
        winners += won
    scene.found.figure(
        f"{DUELS} duels: {winners.count('approve')} approvals and {winners.count('reject')} rejections won"
    )


def restarts(scene: Scene) -> None:
    """What was approved passes after a restart, once; what was used before a SIGKILL does not."""
    pending, approved, used = (
        scene.ask("wait for it"),
        scene.ask("after the restart"),
        scene.ask("before the kill"),
    )
    scene.approve(approved)
    scene.approve(used)
    scene.gateway.stop()
    scene.gateway.start()
    scene.passes("after the restart", "an approval was lost in a restart")
    scene.passes("before the kill", "an approval was lost in a restart")
    scene.gateway.kill()
    scene.gateway.start()
    for text in ("after the restart", "before the kill"):
        scene.waits(text, f"{text}: an approval passed twice over a SIGKILL")
    scene.found.expect(scene.ask("wait for it") == pending, "a pending approval was lost in a restart")
    scene.approve(pending)
    scene.passes("wait for it", "an approval from before two restarts does not pass")
