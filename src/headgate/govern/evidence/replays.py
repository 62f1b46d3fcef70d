"""Replays: a run is asked again, of the same model or another, without a cache and without effects, and compared."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import Any, cast

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from headgate.call.caller import Caller
from headgate.call.ports import Ask
from headgate.govern.evidence import queries
from headgate.govern.evidence.comparing import compare
from headgate.govern.evidence.whole import Said, said, whole_response
from headgate.govern.ledger import service as ledger
from headgate.govern.ledger.service import Act
from headgate.kernel import json
from headgate.kernel.clock import iso, to_us
from headgate.kernel.errors import BadRequest, Conflict, NotFound
from headgate.kernel.ids import Ids
from headgate.record.runs import service as runs
from headgate.record.runs.service import Look
from headgate.wire.codecs import CODECS
from headgate.wire.spec import WIRES

STREAMED = {":streamGenerateContent": ":generateContent"}  # a replay has a whole answer
Fields = dict[str, Any]


class NoSuchReplay(NotFound):
    """No such replay of this tenant."""


class CannotReplay(Conflict):
    """The run cannot be asked again: its payload is gone, or its format has no answers to compare."""

    code = "cannot_replay"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be replayed, and what differently. Empty: as it was."""

    run_id: str
    provider: str = ""
    model: str = ""
    input: str | dict[str, Any] | None = None


async def begin(db: AsyncConnection, look: Look, ids: Ids, wish: Wish) -> str:
    """Put a replay down that is to be run. Raises RunNotFound, CannotReplay and BadRequest."""
    run = await runs.past_run(db, look.tenant, look.recorder.vault, wish.run_id)
    if run is None or not look.sees(run.row.app):
        raise runs.RunNotFound(wish.run_id)
    ask_of(look.caller, run, wish)  # what could not be asked is refused now
    replay_id = ids.new("rp")
    row: Fields = {
        "tenant": look.tenant, "id": replay_id, "run_id": wish.run_id, "provider": wish.provider, "model": wish.model,
        "input": None if wish.input is None else json.encode(wish.input).decode(), "caller": _kept(look.caller),
        "status": "queued", "score": None, "method": "", "answer_run": "", "result": "{}", "error": "", "job_id": "",
        "created_us": to_us(look.clock.now()), "finished_us": None,
    }  # fmt: skip
    await queries.add_replay(db, row)
    actor = look.caller.key_id or look.caller.user_id or look.caller.kind
    detail = {"run": wish.run_id, "provider": wish.provider, "model": wish.model}
    act = Act.now(
        ids,
        look.clock,
        kind="replay.queued",
        actor=actor,
        target=replay_id,
        run_id=wish.run_id,
        detail=detail,
    )
    await ledger.append(db, look.tenant, act)
    return replay_id


def _kept(caller: Caller) -> str:
    """In whose name the replay is asked: rights and limits are those of whoever wanted it. Never a provider's key."""
    bare = replace(caller, provider_key=None, provider_key_first=False)
    return base64.b64encode(msgspec.msgpack.encode(bare)).decode()


def wish_of(row: Any) -> tuple[Caller, Wish]:
    """The caller and the wish of a stored replay."""
    caller = msgspec.msgpack.decode(base64.b64decode(row.caller), type=Caller)
    asked = None if row.input is None else json.decode(row.input)
    return caller, Wish(row.run_id, row.provider, row.model, asked)


def ask_of(caller: Caller, run: runs.Past, wish: Wish) -> Ask:
    """The call that a replay makes: a child of the run, past every cache. Raises CannotReplay and BadRequest."""
    details, line = run.details, run.row
    spec = WIRES.get(details.endpoint)
    if spec is None or spec.wire not in CODECS or not run.response:
        raise CannotReplay("This run has no answer that could be compared.", runId=line.id)
    body = _body(run.request, wish)
    model = wish.model or str(body.get("model") or line.model)
    named = f"{wish.provider}:{model}" if wish.provider else model
    endpoint = details.endpoint
    if spec.model_in_path:
        for streamed, whole in STREAMED.items():
            endpoint = endpoint.replace(streamed, whole)
        endpoint = endpoint.replace("{model}", named)
    else:
        body["model"] = named
    for name in ("stream", "stream_options"):
        body.pop(name, None)
    return Ask(
        endpoint, caller, json.encode(body), app=line.app, agent=line.agent, subject=line.subject, parent_run=line.id,
        project=line.project, fresh=True,
    )  # fmt: skip


def _body(request: bytes, wish: Wish) -> Fields:
    """What is asked: the run's own body, with the user's words changed when the wish says others."""
    if isinstance(wish.input, dict):
        return dict(wish.input)
    try:
        body: Any = json.decode(request)
    except ValueError:
        raise CannotReplay("The request of this run cannot be read.", runId=wish.run_id) from None
    if not isinstance(body, dict):
        raise CannotReplay("The request of this run cannot be read.", runId=wish.run_id)
    fields = cast(Fields, body)
    if wish.input is None:
        return fields
    for name, value in (
        ("messages", [{"role": "user", "content": wish.input}]), ("input", wish.input), ("prompt", wish.input),
        ("contents", [{"role": "user", "parts": [{"text": wish.input}]}]),
    ):  # fmt: skip
        if name in fields:
            fields[name] = value
            return fields
    raise BadRequest("`input` has no place in the request of this run; give the whole body.", param="input")


def outcome(run: runs.Past, answer: runs.Past) -> Fields:
    """The columns of a finished replay: how far its answer agrees, and which effects it would have had."""
    first, second = _said(run), _said(answer)
    if first is None or second is None:
        return {
            "status": "failed",
            "error": f"the answer of the {'run' if first is None else 'replay'} cannot be read",
        }
    agreement = compare(first, second)
    result = {"differences": agreement.differences, "suppressed": _suppressed(second)}
    return {
        "status": "completed", "score": agreement.score, "method": agreement.method,
        "result": json.encode(result).decode(), "error": "",
    }  # fmt: skip


def _said(run: runs.Past) -> Said | None:
    whole = whole_response(run.details.endpoint, run.response)
    return None if whole is None else said(run.details.wire, whole)


def _suppressed(answer: Said) -> list[Fields]:
    """Tools that the replay's answer asked for: nobody runs them, and nobody is told to."""
    return [{"tool": name, "status": "suppressed"} for name, _ in answer.tools]


def shown(row: Any) -> Fields:
    """A replay in a list."""
    result = json.decode(row.result)
    return {
        "id": row.id, "original_request_id": row.run_id, "provider": row.provider, "model": row.model, "status": row.status,
        "match_score": row.score, "method": row.method or None, "replay_run_id": row.answer_run or None,
        "differences": result.get("differences", []), "side_effects": result.get("suppressed", []),
        "error": row.error or None, "job_id": row.job_id or None, "created_at": iso(row.created_us),
        "finished_at": None if row.finished_us is None else iso(row.finished_us),
    }  # fmt: skip
