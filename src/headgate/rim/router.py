"""`Router`: an APIRouter on which every route names the right it needs, and may have aliases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

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


class Router:
    """Collects the routes of one room. `router.api` is the FastAPI router behind it."""

    def __init__(self, tag: str) -> None:
        self.api = APIRouter(tags=[tag], strict_content_type=False)

    def _add(
        self, method: str, path: str, *, right: str, aliases: tuple[str, ...] = (), status: int = 200, response: Any = None,
        kind: type[Response] = JSONResponse,
    ) -> Callable[[Handler], Handler]:  # fmt: skip
        checks = [] if right == PUBLIC else [Depends(_need(right))]

        def register(handler: Handler) -> Handler:
            for number, each in enumerate((path, *aliases)):
                self.api.add_api_route(
                    each, handler, methods=[method], status_code=status, response_model=response, dependencies=checks,
                    response_class=kind,
                    openapi_extra={"x-right": right} | ({"x-alias-of": path} if number else {}),
                    operation_id=f"{handler.__name__}{f'_{number}' if number else ''}",
                )  # fmt: skip
            return handler

        return register

    def get(
        self,
        path: str,
        *,
        right: str,
        aliases: tuple[str, ...] = (),
        response: Any = None,
        kind: type[Response] = JSONResponse,
    ) -> Callable[[Handler], Handler]:
        """`kind`: the class of the answer where it is not JSON; its media type goes into the document."""
        return self._add("GET", path, right=right, aliases=aliases, response=response, kind=kind)

    def post(
        self, path: str, *, right: str, aliases: tuple[str, ...] = (), status: int = 200, response: Any = None
    ) -> Callable[[Handler], Handler]:
        return self._add("POST", path, right=right, aliases=aliases, status=status, response=response)

    def put(
        self, path: str, *, right: str, aliases: tuple[str, ...] = (), response: Any = None
    ) -> Callable[[Handler], Handler]:
        return self._add("PUT", path, right=right, aliases=aliases, response=response)

    def patch(
        self, path: str, *, right: str, aliases: tuple[str, ...] = (), response: Any = None
    ) -> Callable[[Handler], Handler]:
        return self._add("PATCH", path, right=right, aliases=aliases, response=response)

    def delete(
        self, path: str, *, right: str, aliases: tuple[str, ...] = (), response: Any = None
    ) -> Callable[[Handler], Handler]:
        return self._add("DELETE", path, right=right, aliases=aliases, response=response)


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
