"""The management API of all rooms as one ASGI application. Imported lazily by `app.py`: it brings FastAPI along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from headgate.gateway import routes as gateway_routes
from headgate.gateway.passthrough import routes as passthrough
from headgate.gateway.serve import Gateway
from headgate.govern.agents import routes as agents
from headgate.govern.approvals import routes as approvals
from headgate.govern.evidence import routes as evidence
from headgate.govern.guardrails import routes as guardrails
from headgate.govern.ledger import routes as ledger
from headgate.govern.policies import routes as policies
from headgate.govern.trials import routes as trials
from headgate.identity.accounts import routes as accounts
from headgate.identity.credentials import routes as credentials
from headgate.identity.keys import routes as keys
from headgate.identity.keys.hot import Door
from headgate.identity.settings import routes as own_settings
from headgate.operate.jobs import routes as jobs
from headgate.operate.modules_admin import routes as modules
from headgate.operate.providers import routes as providers
from headgate.operate.system import routes as system
from headgate.record.bills import routes as bills
from headgate.record.cache import routes as cache
from headgate.record.responses import routes as responses
from headgate.record.runs import routes as runs
from headgate.record.spend import routes as spend
from headgate.rim.api import build_api
from headgate.rim.context import Services
from headgate.rim.router import Router

__all__ = ["Services", "build_control_api", "routers"]


def routers(settings: Any) -> tuple[Router, ...]:
    """The routes of every room; one line each."""
    return (
        gateway_routes.router,
        passthrough.router,
        accounts.router,
        keys.router,
        own_settings.router,
        credentials.router,
        guardrails.router,
        runs.router,
        responses.router,
        spend.router,
        bills.router,
        ledger.router,
        evidence.router,
        approvals.router,
        agents.router,
        policies.router,
        trials.router,
        cache.router,
        jobs.router,
        modules.router,
        providers.router,
        system.router,
        system.metrics_router(public=settings.metrics_public),
    )


def build_control_api(services: Services, gateway: Gateway, door: Callable[[], Door]) -> FastAPI:
    """The application, with the gateway for the `/v1` twins of the fast seam on its state."""
    app = build_api(services, routers(services.settings), door)
    app.state.gateway = gateway
    return app
