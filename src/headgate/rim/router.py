"""`Router`: an APIRouter on which every route names the right it needs, and may have aliases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Required, TypedDict, TypeVar, Unpack

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from headgate.kernel import json
from headgate.kernel.pages import DEFAULT_LIMIT, MAX_LIMIT, Page
from headgate.rim.context import caller_of

MAX_OFFSET = 2**53 - 1  # the largest whole number that JSON readers agree on
PUBLIC = "public"  # the right of routes that need no credential
Handler = TypeVar("Handler", bound=Callable[..., Any])


def _need(right: str) -> Callable[[Request], None]:
    def check(request: Request) -> None:
        caller_of(request).need(right)

    return check


class Declared(TypedDict, total=False):
    """What a route says of itself."""

    right: Required[str]  # `area:verb`, or PUBLIC
    aliases: tuple[str, ...]  # other paths of the same route
    status: int  # of success; 200
    response: Any  # the pydantic model of the answer
    kind: type[
        Response
    ]  # the class of the answer where it is not JSON; its media type goes into the document
    docs: dict[str, Any]  # what the document says besides: bodies that the handler reads itself


class Router:
    """Collects the routes of one room. `router.api` is the FastAPI router behind it."""

    def __init__(self, tag: str) -> None:
        self.api = APIRouter(tags=[tag], strict_content_type=False)

    def get(self, path: str, **declared: Unpack[Declared]) -> Callable[[Handler], Handler]:
        return self._add("GET", path, declared)

    def post(self, path: str, **declared: Unpack[Declared]) -> Callable[[Handler], Handler]:
        return self._add("POST", path, declared)

    def put(self, path: str, **declared: Unpack[Declared]) -> Callable[[Handler], Handler]:
        return self._add("PUT", path, declared)

    def patch(self, path: str, **declared: Unpack[Declared]) -> Callable[[Handler], Handler]:
        return self._add("PATCH", path, declared)

    def delete(self, path: str, **declared: Unpack[Declared]) -> Callable[[Handler], Handler]:
        return self._add("DELETE", path, declared)

    def _add(self, method: str, path: str, declared: Declared) -> Callable[[Handler], Handler]:
        right = declared["right"]
        checks = [] if right == PUBLIC else [Depends(_need(right))]
        extra = {**declared.get("docs", {}), "x-right": right}

        def register(handler: Handler) -> Handler:
            for number, each in enumerate((path, *declared.get("aliases", ()))):
                self.api.add_api_route(
                    each,
                    handler,
                    methods=[method],
                    status_code=declared.get("status", 200),
                    response_model=declared.get("response"),
                    response_class=declared.get("kind", JSONResponse),
                    dependencies=checks,
                    openapi_extra=extra | ({"x-alias-of": path} if number else {}),
                    operation_id=f"{handler.__name__}{f'_{number}' if number else ''}",
                )
            return handler

        return register


def _page(
    limit: Annotated[
        int, Query(ge=1, le=MAX_LIMIT, description="How many rows, at most 500.")
    ] = DEFAULT_LIMIT,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET, description="How many rows to pass over.")] = 0,
) -> Page:
    return Page(limit, offset)


PageQuery = Annotated[Page, Depends(_page)]


def json_reply(body: Any, status: int = 200) -> Response:
    """`body` encoded by msgspec: for lists, where FastAPI's own encoder is slow. Declare `response=` for the docs."""
    return Response(json.encode(body), status_code=status, media_type="application/json")
