"""`GET` and `DELETE /v1/responses/{id}`, and the items a response was made from."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from fastapi import Query, Response

from headgate.call.caller import DEFAULT_APP
from headgate.kernel import json
from headgate.kernel.errors import BadRequest
from headgate.record.responses import service
from headgate.record.responses.schemas import DeletedResponse, InputItems, KeptResponse
from headgate.record.responses.service import Walls
from headgate.record.runs.hot import Recorder
from headgate.record.runs.service import Look
from headgate.rim.context import Context, Reading, Writing
from headgate.rim.router import Router, json_reply
from headgate.wire.responses.events import replayed
from headgate.wire.responses.history import numbered

router = Router("responses")


def _look(ctx: Context) -> Look:
    return Look(ctx.db, ctx.caller, cast(Recorder, ctx.services.recorder), ctx.clock)


def _walls(ctx: Context) -> Walls:
    """The same as those of the call that made the response."""
    headers = ctx.request.headers
    app = ctx.caller.app_pin or headers.get("x-punk-app", "").strip() or DEFAULT_APP
    return Walls(app, headers.get("x-punk-subject", "").strip())


@router.get("/v1/responses/{id}", right="runs:read", response=KeptResponse)
async def get_response(
    ctx: Reading, id: str,
    stream: Annotated[bool, Query(description="As the events it was made of.")] = False,
    starting_after: Annotated[int | None, Query(description="Events after this number.")] = None,
) -> Any:  # fmt: skip
    """A response made earlier, by a caller of the same app and subject."""
    turn = await service.turn(_look(ctx), _walls(ctx), id)
    if not stream:
        return Response(turn.response, media_type="application/json")
    return Response(b"".join(replayed(turn.response, starting_after)), media_type="text/event-stream")


@router.delete("/v1/responses/{id}", right="runs:write", response=DeletedResponse)
async def delete_response(ctx: Writing, id: str) -> Any:
    """Forget a response: nothing goes on from it any more. The run stays on record."""
    await service.delete(_look(ctx), _walls(ctx), id)
    return DeletedResponse(id=id)


@router.get("/v1/responses/{id}/input_items", right="runs:read", response=InputItems)
async def list_input_items(
    ctx: Reading, id: str,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    order: Literal["asc", "desc"] = "desc",
    after: Annotated[str | None, Query(description="The id of the last item of the page before.")] = None,
) -> Any:  # fmt: skip
    """The items that a response was made from."""
    items = [json.decode(each) for each in numbered(await service.inputs(_look(ctx), _walls(ctx), id), id)]
    if order == "desc":
        items.reverse()
    ids = [item["id"] for item in items]
    if after is not None and after not in ids:
        raise BadRequest("`after` is not the id of one of these items.", param="after")
    start = 0 if after is None else ids.index(after) + 1
    page = items[start : start + limit]
    first, last = (page[0]["id"], page[-1]["id"]) if page else (None, None)
    more = start + len(page) < len(items)
    return json_reply({"object": "list", "data": page, "first_id": first, "last_id": last, "has_more": more})
