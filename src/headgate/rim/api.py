"""`build_api`: all routers of all rooms as one application behind the gatekeeper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI

from headgate import __version__
from headgate.kernel.clock import to_us
from headgate.rim import errors
from headgate.rim.context import Services
from headgate.rim.gatekeeper import Doorkeeper, Gatekeeper, GateRules
from headgate.rim.limits import DEFAULT_PROTECTED_RPM, ManagementLimit
from headgate.rim.openapi import OpenApi
from headgate.rim.origins import origin_rules
from headgate.rim.router import Router
from headgate.rim.routes import RouteTable, in_order
from headgate.store.fast import MemoryStore


def build_api(services: Services, routers: Sequence[Router], door: Callable[[], Doorkeeper]) -> FastAPI:
    """The application. `app.state` has `services`, `openapi`, `rules` and `started_us`.
    Raises RightMissing when a route does not declare its right."""
    settings = services.settings
    routes = in_order(route for router in routers for route in router.api.routes)
    app = FastAPI(
        title="Headgate", version=__version__, routes=routes, openapi_url=None, docs_url=None, redoc_url=None,
        redirect_slashes=False,
    )  # fmt: skip
    rules = GateRules(
        door=door,
        table=RouteTable(routes),
        origins=origin_rules(settings),
        limit=ManagementLimit(
            services.hot.get("fast") or MemoryStore(), services.clock, management_rpm(settings)
        ),
        ids=services.ids,
        max_body_bytes=settings.max_body_bytes,
    )
    errors.install(app)
    app.add_middleware(Gatekeeper, rules=rules)
    app.state.services = services
    app.state.rules = rules
    app.state.started_us = services.hot.get("started_us") or to_us(services.clock.now())
    app.state.openapi = OpenApi(app, root_path=settings.root_path)
    return app


def management_rpm(settings: Any) -> int:
    """Requests a minute on `/api/*`: as set, else 300 in protected mode and none in open mode. 0 is off."""
    if settings.rate_limit_rpm is not None:
        return int(settings.rate_limit_rpm)
    return DEFAULT_PROTECTED_RPM if settings.protected else 0
