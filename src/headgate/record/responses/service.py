"""Kept responses: the talk that led to one, reading it again, deleting it. What they say is in the runs that made them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from headgate.kernel.errors import NotFound
from headgate.record.runs import service as runs
from headgate.record.runs.service import Look, Made, RunNotFound
from headgate.wire.responses.events import from_stream
from headgate.wire.responses.history import History, input_items, output_items
from headgate.wire.responses.replies import is_ours

MAX_TURNS = 1000
MAX_BYTES = 32 * 1024 * 1024  # of all items of a talk


class ResponseNotFound(NotFound):
    """No such response within these walls, or what it said is not kept any more."""

    def __init__(self, response_id: str) -> None:
        super().__init__(f"Response with id '{response_id}' not found.", param="response_id")


class Walls(NamedTuple):
    """Whose responses may be seen, within a tenant."""

    app: str
    subject: str

    def hold(self, response: Made) -> bool:
        return response.app == self.app and response.subject == self.subject


class _Request(msgspec.Struct):
    previous_response_id: str | None = None


class Turn(NamedTuple):
    """A kept response and what was asked."""

    made: Made
    request: bytes
    response: bytes

    @property
    def previous(self) -> str:
        return _read_request(self.request).previous_response_id or ""


_read_request = msgspec.json.Decoder(_Request).decode


async def turn(look: Look, walls: Walls, response_id: str) -> Turn:
    """The response with this id. Raises ResponseNotFound."""
    made = await runs.made(look, response_id)
    if made is None or not walls.hold(made):
        raise ResponseNotFound(response_id)
    try:
        bodies = await runs.bodies(look, made.run_id)
    except RunNotFound:
        bodies = None
    response = _whole(bodies[1]) if bodies else None
    if bodies is None or response is None:
        raise ResponseNotFound(response_id)
    return Turn(made, bodies[0], response)


def _whole(body: bytes) -> bytes | None:
    """The answer of a run, whole; a stream is kept as its events."""
    return body if body.lstrip().startswith(b"{") else from_stream(body)


async def history(look: Look, walls: Walls, response_id: str) -> History:
    """All items of the talk up to and with the response. Raises ResponseNotFound."""
    items: list[bytes] = []
    home, size, wanted = "", 0, response_id
    for _ in range(MAX_TURNS):
        step = await turn(look, walls, wanted)
        if wanted == response_id and not is_ours(response_id):
            home = step.made.provider
        told = [*input_items(step.request), *output_items(step.response)]
        size += sum(map(len, told))
        items[:0] = told
        wanted = step.previous
        if size > MAX_BYTES:
            break
        if not wanted:
            return History(tuple(items), home)
    raise ResponseNotFound(wanted or response_id)


async def inputs(look: Look, walls: Walls, response_id: str) -> list[bytes]:
    """The items that were before the model when it made the response, those of the talk before included."""
    step = await turn(look, walls, response_id)
    before: Sequence[bytes] = ()
    if step.previous:
        before = (await history(look, walls, step.previous)).items
    return [*before, *input_items(step.request)]


async def delete(look: Look, walls: Walls, response_id: str) -> None:
    """Nothing goes on from the response any more. Raises ResponseNotFound."""
    made = await runs.made(look, response_id)
    if made is None or not walls.hold(made):
        raise ResponseNotFound(response_id)
    await runs.unmake(look, made)


async def is_hidden(look: Look, response_id: str) -> bool:
    """Is there such a response, beyond the caller's walls? Then no provider may be asked to go on from it either."""
    return await runs.made(look, response_id) is not None or await runs.is_others(look, response_id)
