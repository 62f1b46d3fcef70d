"""What comes to a run from outside: trace events, feedback, and prompts that were answered elsewhere."""

from __future__ import annotations

import re
from typing import NamedTuple

from headgate.call.caller import ANONYMOUS_AGENT, DEFAULT_APP
from headgate.call.frames import Closed, Event, Feedback, Late, Usage
from headgate.kernel import json
from headgate.kernel.clock import to_us
from headgate.kernel.errors import BadRequest, TooLarge
from headgate.kernel.ids import Ids
from headgate.record.runs.schemas import FeedbackBody, IngestBody, TraceBody
from headgate.record.runs.service import Look, RunNotFound, exists

MAX_EVENT_BYTES = 256 * 1024
MAX_CORRECTION_BYTES = 64 * 1024
PREVIEW_CHARS = 200
INGEST = "ingest"  # the route, wire and mode of prompts answered elsewhere: never spend
_TYPE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,127}")


async def add_event(look: Look, body: TraceBody) -> Event:
    """Add a trace event to a run, going on or ended. Raises RunNotFound, BadRequest, TooLarge."""
    if not _TYPE.fullmatch(body.type):
        raise BadRequest(
            "An event type is letters, digits, `.`, `_`, `-` and `:`, at most 128 of them.", param="type"
        )
    if len(json.encode(body.payload)) > MAX_EVENT_BYTES:
        raise TooLarge(
            f"The payload of an event is at most {MAX_EVENT_BYTES} bytes.",
            param="payload",
            limit=MAX_EVENT_BYTES,
        )
    if not await exists(look, body.runId):
        raise RunNotFound(body.runId)
    event = Event(to_us(look.clock.now()), body.type, body.payload)
    look.recorder.write(Late(body.runId, look.tenant, event))
    return event


async def add_feedback(look: Look, run_id: str, body: FeedbackBody, ids: Ids) -> Feedback:
    """Put a rating or a correction on a run."""
    if body.rating is None and not body.correction:
        raise BadRequest("Feedback is a rating (1 or -1), a correction, or both.", param="rating")
    if body.type == "rating" and body.rating is None:
        raise BadRequest("Feedback of type rating needs a rating: 1 or -1.", param="rating")
    if body.type == "correction" and not body.correction:
        raise BadRequest("Feedback of type correction needs a correction.", param="correction")
    if body.correction is not None and len(body.correction.encode()) > MAX_CORRECTION_BYTES:
        raise TooLarge(
            f"A correction is at most {MAX_CORRECTION_BYTES} bytes.",
            param="correction",
            limit=MAX_CORRECTION_BYTES,
        )
    if not await exists(look, run_id):
        raise RunNotFound(run_id)
    kind = body.type or ("rating" if body.rating is not None else "correction")
    caller = look.caller
    frame = Feedback(
        ids.new("fb"), run_id, look.tenant, to_us(look.clock.now()), kind, body.rating, body.correction, caller.key_id or "",
        caller.user_id or "",
    )  # fmt: skip
    look.recorder.write(frame)
    return frame


class Names(NamedTuple):
    """The names a prompt goes on record under, as its headers give them; empty when they do not."""

    app: str
    agent: str
    subject: str


def ingest(look: Look, body: IngestBody, ids: Ids, names: Names) -> str:
    """Put a prompt that was answered elsewhere on record as a completed run. Returns its id."""
    caller = look.caller
    now_us = to_us(look.clock.now())
    run_id = ids.new("run")
    events = [Event(now_us, "prompt.ingested", {"source": body.source}), Event(now_us, "run.completed", {})]
    explanation = {"route": INGEST, "reason": f"answered by {body.source}, recorded here"}
    project = body.metadata.get("project")
    look.recorder.write(
        Closed(
            run_id, look.tenant, now_us, 0, "completed", 200, INGEST, INGEST, "/api/v1/ingest/prompt",
            caller.app_pin or names.app or DEFAULT_APP,
            names.agent or ANONYMOUS_AGENT, names.subject, caller.key_id or "", caller.user_id or "",
            caller.mode, False, "", "", body.source, Usage(),
            b"", 0, True, 0, 0, "", 0, "", "", "", "", 0, 0, events, explanation, [],
            json.encode({"prompt": body.prompt}), b"", "", "",
            project if isinstance(project, str) and project else "default", body.sessionId or "", body.metadata,
            body.prompt[:PREVIEW_CHARS],
        )
    )  # fmt: skip
    return run_id
