"""Errors at the edge: everything that goes wrong becomes the envelope of its family, and nothing of the inside leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from headgate.kernel import json
from headgate.kernel.errors import (
    BadRequest,
    Forbidden,
    GatewayError,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    Unauthorized,
    Unavailable,
    envelope_for,
)
from headgate.kernel.logging import get_log

log = get_log("rim")

_BY_STATUS: dict[int, type[GatewayError]] = {
    each.status: each
    for each in (BadRequest, Unauthorized, Forbidden, NotFound, MethodNotAllowed, TooLarge, Unavailable)
}
DATABASE_TROUBLE = (OperationalError, InterfaceError, PoolTimeout)


def render(path: str, error: GatewayError) -> Response:
    """The answer that tells of `error`, in the envelope of the family of `path`."""
    return Response(json.encode(envelope_for(path, error)), error.status, error.headers, "application/json")


def unforeseen(request_id: str) -> GatewayError:
    """What the client hears of a bug: where to look for it, and nothing else."""
    return GatewayError(
        f"Something broke inside Headgate. The log has it under {request_id}.", requestId=request_id
    )


def install(app: FastAPI) -> None:
    """Make the application answer every foreseen error in its envelope."""
    app.add_exception_handler(GatewayError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    for kind in DATABASE_TROUBLE:
        app.add_exception_handler(kind, _no_database)


def named_field(errors: Sequence[Any]) -> BadRequest:
    """The first of pydantic's complaints as a sentence that names the field."""
    first = errors[0]
    place, *names = [str(part) for part in first.get("loc", ())] or ["body"]
    if first.get("type") == "json_invalid":
        reason = first.get("ctx", {}).get("error", "it cannot be parsed")
        return BadRequest(f"The body is not valid JSON: {reason}.", param="body")
    field = ".".join(names) or place
    message = str(first.get("msg", "is not valid")).removeprefix("Value error, ")
    return BadRequest(f"{field}: {message}.", param=field)


def _path(request: Request) -> str:
    return request.scope.get("headgate.path") or request.url.path


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, GatewayError)
    return render(_path(request), error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return render(_path(request), named_field(error.errors()))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = _BY_STATUS.get(error.status_code, BadRequest if error.status_code < 500 else GatewayError)
    return render(_path(request), kind(f"{error.detail}.", headers=dict(error.headers or {})))


async def _no_database(request: Request, error: Exception) -> Response:
    log.error("database.unreachable", request=request.scope.get("headgate.request_id"), error=repr(error))
    return render(
        _path(request),
        Unavailable("The database cannot be reached at the moment.", headers={"Retry-After": "1"}),
    )
