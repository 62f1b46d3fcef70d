"""Traced side effects pass the gate too: what an SDK is about to do on a run is judged before it does it.

A refused action is on record as a run of its own, a child of the run it belonged to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headgate.call.frames import Closed, Event, Usage
from headgate.govern.agents.hot import AgentBook
from headgate.govern.approvals.hot import (
    EVENT,
    USED,
    Action,
    Gate,
    InfluenceBook,
    Party,
    Ruling,
    enforce,
    is_tainted_by,
)
from headgate.identity.settings.hot import SettingsBook
from headgate.kernel import json
from headgate.kernel.clock import to_us
from headgate.kernel.ids import Ids
from headgate.record.runs.additions import INGEST
from headgate.record.runs.rows import DEFAULT_LEVEL
from headgate.record.runs.schemas import TraceBody
from headgate.record.runs.service import Found, Look

JUDGED = ("tool.called", "side_effect.planned")  # the events that say what is about to be done
WIRE = "trace"

__all__ = ["EVENT", "Judges", "has_to_judge", "judge"]


@dataclass(frozen=True, slots=True)
class Judges:
    """Who judges."""

    gate: Gate
    agents: AgentBook
    settings: SettingsBook
    influences: InfluenceBook
    ids: Ids


def has_to_judge(judges: Judges, tenant: str, body: TraceBody) -> bool:
    """Could anything say no to this event? Then its run is looked up."""
    watched = not judges.gate.is_open(tenant) or judges.settings.quarantine(tenant).enabled
    return watched and body.type in JUDGED


def judge(look: Look, judges: Judges, run: Found, body: TraceBody) -> None:
    """Raises PolicyDenied or ApprovalRequired when the traced action may not be done."""
    quarantine = judges.settings.quarantine(look.tenant)
    payload = body.payload
    tool = str(payload.get("toolName") or payload.get("tool") or payload.get("name") or "")
    level = payload.get("level", payload.get("sideEffectLevel", DEFAULT_LEVEL))
    level = level if isinstance(level, int) and 0 <= level <= 4 else DEFAULT_LEVEL
    arguments = json.canonical(payload.get("args", payload.get("payload", {})))
    declared = payload.get("action")
    own = (declared,) if isinstance(declared, str) and declared else ()
    action = Action((*own, f"execute:{tool}", "execute:tool"), arguments, tool, level)
    waits = quarantine.enabled and level >= quarantine.threshold and _is_tainted(judges, look, run)
    record: dict[str, Any] = {}
    ruling = judges.gate.judge(_party(judges, look, run), action, record, ask_always=waits)
    if not ruling.passes or USED in record:
        look.recorder.write(_refusal(look, judges, run, ruling, record))
    enforce([ruling])


def _is_tainted(judges: Judges, look: Look, run: Found) -> bool:
    lanes = [str(event["payload"].get("trustLane", "")) for event in run.events if event["type"] == EVENT]
    return is_tainted_by(lanes) or judges.influences.is_tainted(look.tenant, run.line.id)


def _party(judges: Judges, look: Look, run: Found) -> Party:
    caller, line = look.caller, run.line
    requester = caller.key_id or caller.user_id or caller.kind
    known = judges.agents.of(look.tenant, line.agent)
    return Party(look.tenant, requester, line.agent, line.app, line.subject, *known, caller.mode == "observe")


def _refusal(look: Look, judges: Judges, run: Found, ruling: Ruling, record: dict[str, Any]) -> Closed:
    """The ruling as a run, so that approvals, ledger and announcements come out of it as out of any other."""
    now_us = to_us(look.clock.now())
    line, caller = run.line, look.caller
    status, http, route = ("completed", 200, INGEST) if ruling.passes else ("blocked", 403, "blocked")
    code = "" if ruling.passes else ruling.verdict.outcome
    events = [Event(now_us, f"run.{'completed' if ruling.passes else 'failed'}", {})]
    return Closed(
        judges.ids.new("run"), look.tenant, now_us, 0, status, http, route, WIRE, "/api/v1/trace",
        line.app, line.agent, line.subject, caller.key_id or "", caller.user_id or "", caller.mode, False, "", "", "", Usage(),
        b"", 0, True, 0, 0, "", 0, "", "", code, "", 0, 0, events, record, [], b"", b"", "", line.id, line.project,
        preview=ruling.verdict.action,
    )  # fmt: skip
