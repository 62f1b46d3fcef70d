"""The list of all routes, read back from the application: method, path, needed right, alias of what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute


class RightMissing(RuntimeError):
    """A route does not say which right it needs. The application does not start."""


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """One method of one path."""

    method: str
    path: str
    right: str
    alias_of: str | None
    name: str


def enumerate_routes(app: FastAPI) -> list[RouteFacts]:
    """Every route of the application. Raises RightMissing."""
    return [fact for route in app.router.routes for fact in facts_of(route)]


def facts_of(route: BaseRoute) -> list[RouteFacts]:
    """What one route declares of itself. Raises RightMissing."""
    extra = (route.openapi_extra or {}) if isinstance(route, APIRoute) else {}
    right = extra.get("x-right")
    if not isinstance(route, APIRoute) or not isinstance(right, str) or not right:
        raise RightMissing(f"The route {getattr(route, 'path', route)} does not declare the right it needs.")
    return [
        RouteFacts(method, route.path, right, cast("str | None", extra.get("x-alias-of")), route.name)
        for method in sorted(route.methods or ())
    ]


def in_order(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """Literal words before parameters, in every position, so that `/runs/export` wins over `/runs/{id}`."""
    return sorted(
        routes, key=lambda route: [_rank(part) for part in str(getattr(route, "path", "")).split("/")]
    )


def _rank(segment: str) -> int:
    if "{" not in segment:
        return 0
    return 2 if ":path" in segment else 1


class RouteTable:
    """Which methods a path has, and which right each needs."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._exact: dict[str, dict[str, str]] = {}
        self._patterns: list[tuple[APIRoute, dict[str, str]]] = []
        for route in routes:
            rights = {fact.method: fact.right for fact in facts_of(route)}
            assert isinstance(route, APIRoute)
            if "{" in route.path:
                self._patterns.append((route, rights))
            else:
                self._exact.setdefault(route.path, {}).update(rights)

    def methods(self, path: str) -> Mapping[str, str]:
        """Method to right; empty when there is no such path."""
        found = self._exact.get(path)
        if found is not None:
            return found
        matches: dict[str, str] = {}
        for route, rights in self._patterns:
            if route.path_regex.match(path):
                for method, right in rights.items():
                    matches.setdefault(method, right)
        return matches
