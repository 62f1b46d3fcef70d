"""What a call needs of the talk before it: looked up once, before a model is asked."""

from __future__ import annotations

from typing import cast

from sqlalchemy.exc import SQLAlchemyError

from headgate.call.call import Call
from headgate.kernel.clock import Clock
from headgate.kernel.errors import Unavailable
from headgate.record.responses import service
from headgate.record.responses.service import ResponseNotFound, Walls
from headgate.record.runs.hot import Recorder
from headgate.record.runs.service import Look
from headgate.store.engine import Database
from headgate.wire.responses.history import NOTE, PreviousNotFound
from headgate.wire.responses.replies import is_ours
from headgate.wire.responses.spec import ResponsesView


class ResponseMemory:
    """Recalls talks for calls of the Responses API."""

    def __init__(self, database: Database, recorder: Recorder, clock: Clock) -> None:
        self._database = database
        self._recorder = recorder
        self._clock = clock

    async def recall(self, call: Call) -> None:
        """Note the talk that the call goes on from. A response that nobody here has made may be the provider's own.
        Raises PreviousNotFound."""
        previous = cast(ResponsesView, call.view).previous_response_id
        if not previous:
            return
        try:
            async with self._database.reading() as db:
                look = Look(db, call.caller, self._recorder, self._clock)
                try:
                    call.notes[NOTE] = await service.history(look, Walls(call.app, call.subject), previous)
                except ResponseNotFound as error:
                    if is_ours(previous) or await service.is_hidden(look, previous):
                        raise PreviousNotFound(previous) from error
        except (SQLAlchemyError, OSError) as error:
            raise Unavailable("The talk before this response cannot be read at the moment.") from error
