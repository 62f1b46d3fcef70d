"""The management API as a whole: every room is in it, and nothing is routed twice."""

from __future__ import annotations

from collections import Counter

from headgate.config import Settings
from headgate.control import routers
from headgate.rim.router import PUBLIC


def all_routes() -> list[tuple[str, str, str]]:
    """Method, path and right of every route."""
    found: list[tuple[str, str, str]] = []
    for router in routers(Settings()):
        for route in router.api.routes:
            right = getattr(route, "openapi_extra", {}).get("x-right", "")
            found += [(method, route.path, right) for method in route.methods]  # type: ignore[attr-defined] # all are API routes
    return found


def test_no_method_and_path_is_routed_twice() -> None:
    doubled = [
        pair
        for pair, count in Counter((method, path) for method, path, _ in all_routes()).items()
        if count > 1
    ]

    assert doubled == []


def test_every_route_names_a_right_of_the_form_area_and_verb() -> None:
    wrong = [route for route in all_routes() if route[2] != PUBLIC and route[2].count(":") != 1]

    assert wrong == []


def test_only_what_nobody_needs_a_key_for_is_public() -> None:
    public = {path for _, path, right in all_routes() if right == PUBLIC}

    assert public == {"/", "/health", "/api/health", "/api/docs", "/static/{name}", "/api/v1/projects"}
