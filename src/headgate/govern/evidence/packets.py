"""The evidence of one run: everything that is known of it and about it, with proofs, and a hash over all of it."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.govern.approvals import service as approvals
from headgate.govern.approvals.hot import VERDICTS
from headgate.govern.evidence.redacting import redacted
from headgate.govern.evidence.whole import whole_response
from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.service import selecting
from headgate.kernel import json
from headgate.kernel.clock import iso, parse_time, to_us
from headgate.record.runs import service as runs

PACKET, BUNDLE = "headgate-evidence-1", "headgate-replay-1"
MAX_ROWS = 1000  # of the ledger in one packet
MAX_PROOFS = 100
WITHHELD = "[withheld: a stream that broke off cannot be searched for secrets]"
# what people and models wrote; the rest is made by this server
WRITTEN = ("preview", "error", "metadata", "usageRaw")

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for the evidence of a run, and whether secrets and personal data are to be taken out of it."""

    look: runs.Look
    redact: bool

    @property
    def db(self) -> AsyncConnection:
        return self.look.db

    def clean(self, value: Any) -> Any:
        plain = json.decode(json.encode(value))
        return redacted(plain) if self.redact else plain


def sealed(fields: Fields) -> Fields:
    """The fields with `hash`: SHA-256 over their canonical JSON (sorted keys, no spaces)."""
    return fields | {"hash": sha256(json.canonical(fields)).hexdigest()}


async def packet(asked: Asked, run_id: str) -> Fields:
    """The evidence packet of a run. Raises RunNotFound."""
    look = asked.look
    run = await runs.found(look, run_id)
    now_us = to_us(look.clock.now())
    named = await approvals.of_run(look.db, look.caller, run.details.explanation, now_us)
    audit, more = await _audit(asked, run, [each["id"] for each in named])
    return sealed(json.decode(json.encode({
        "format": PACKET, "runId": run_id, "tenant": look.tenant, "generatedAt": iso(now_us), "redacted": asked.redact,
        "run": _facts(asked, run), "routeExplanation": asked.clean(run.details.explanation), "integrity": _integrity(run),
        "replay": replay_material(asked, run), "sideEffects": asked.clean(run.effects), "events": _events(asked, run),
        "attempts": run.attempts, "feedback": asked.clean(run.feedback), "approvals": asked.clean(named),
        "audit": [_row(asked, row) for row in audit], "auditTruncated": more, **await _proofs(asked, audit),
    })))  # fmt: skip


async def bundle(asked: Asked, run_id: str) -> Fields:
    """What is needed to run a call again elsewhere and to compare: request, answer, tools' results. Raises RunNotFound."""
    run = await runs.found(asked.look, run_id)
    results = [each for each in run.events if each["type"] in ("tool.called", "tool.completed")]
    return sealed(json.decode(json.encode({
        "format": BUNDLE, "runId": run_id, "generatedAt": iso(to_us(asked.look.clock.now())), "redacted": asked.redact,
        "material": replay_material(asked, run), "toolEvents": asked.clean(results),
        "suppress": asked.clean(run.effects),  # what a replay must not do again
        "integrity": _integrity(run),
    })))  # fmt: skip


def _facts(asked: Asked, run: runs.Found) -> Fields:
    """The run without what stands elsewhere in the packet."""
    shown: Fields = json.decode(json.encode(runs.detail(run.line, run.details, None)))
    kept = {
        name: value
        for name, value in shown.items()
        if name not in ("request", "response", "routeExplanation")
    }
    return kept | {name: asked.clean(kept[name]) for name in WRITTEN}


def replay_material(asked: Asked, run: runs.Found) -> Fields | None:
    """Request and answer with what they were asked under; None when they are gone."""
    if run.bodies is None:
        return None
    request, response = run.bodies
    line, details = run.line, run.details
    return {
        "wire": details.wire, "endpoint": details.endpoint, "model": line.model, "servedModel": line.served_model,
        "provider": line.provider, "stream": details.stream, "app": line.app, "agent": line.agent, "subject": line.subject,
        "project": line.project, "session": line.session, "requestSha256": sha256(request).hexdigest(),
        "responseSha256": sha256(response).hexdigest(), "request": _body(asked, request),
        "response": _answer(asked, details.endpoint, response),
    }  # fmt: skip


def _answer(asked: Asked, endpoint: str, body: bytes) -> Any:
    """A stream stands whole: a secret that is cut into its events would not be found."""
    whole = whole_response(endpoint, body)
    if whole is None:
        return WITHHELD if asked.redact else body.decode(errors="replace")
    return _body(asked, whole)


def _body(asked: Asked, body: bytes) -> Any:
    if not body:
        return None
    try:
        return asked.clean(json.decode(body))
    except ValueError:
        return asked.clean(body.decode(errors="replace"))


def _integrity(run: runs.Found) -> Fields:
    result = run.integrity
    assert result is not None
    return {
        "ok": result.ok,
        "count": result.count,
        "firstBadIndex": result.first_bad,
        "head": result.head.hex(),
    }


def _events(asked: Asked, run: runs.Found) -> list[Fields]:
    return [each | {"payload": asked.clean(each["payload"])} for each in run.events]


async def _audit(asked: Asked, run: runs.Found, approval_ids: list[str]) -> tuple[list[Any], bool]:
    """Rows of the ledger that belong to the run, however many newer ones there are: its own, those of its approvals and
    of the policies that judged it, and the one that vouches for its batch."""
    look = asked.look
    verdicts = run.details.explanation.get(VERDICTS, ())
    names = {str(each["policy"]).partition("@")[0] for each in verdicts if each.get("policy")}
    if look.caller.app_pin is not None:  # policies are the whole tenant's business
        names.clear()
    found = await selecting.of_run(
        look.db, look.tenant, run.line.id, [*approval_ids, *sorted(names)], most=MAX_ROWS + 1
    )
    rows = list(found[:MAX_ROWS])
    if run.batch is not None:
        at_us = parse_time(run.line.created_at)
        vouching = await selecting.of_batch(look.db, look.tenant, ledger.RUNS_RECORDED, run.batch, at_us)
        rows += [] if vouching is None else [vouching]
    return rows, len(found) > MAX_ROWS


def _row(asked: Asked, row: Any) -> Fields:
    shown = selecting.shown(row)
    return shown | {"detail": asked.clean(shown["detail"])}


async def _proofs(asked: Asked, rows: list[Any]) -> Fields:
    """That the rows are in the signed tree, and the names of those that no checkpoint covers yet."""
    look = asked.look
    proofs: list[Fields] = []
    unanchored: list[str] = [row.id for row in rows[:-MAX_PROOFS]]
    for row in rows[-MAX_PROOFS:]:
        try:
            proof = await ledger.inclusion(look.db, look.tenant, row.id)
        except ledger.NotAnchored:
            unanchored.append(row.id)
            continue
        if asked.redact:  # the entry as it was chained may hold what was taken out above
            proof.pop("entry")
        proofs.append(proof)
    return {"proofs": proofs, "unanchored": unanchored}
