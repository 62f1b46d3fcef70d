"""Health, status, metrics, the OpenAPI document, and the two pages a person opens in a browser."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from headgate import __version__
from headgate.call.caller import DEFAULT_TENANT
from headgate.kernel.clock import iso, to_us
from headgate.kernel.errors import Forbidden, NotFound
from headgate.operate.system import service
from headgate.operate.system.metrics import CONTENT_TYPE, Metrics
from headgate.operate.system.pages import (
    DOCS_CSP,
    PAGE_CSP,
    STATIC_TYPES,
    HtmlPage,
    Landing,
    TextFile,
    docs_page,
    html_page,
    landing_page,
    static_file,
)
from headgate.operate.system.schemas import Health, Status
from headgate.rim.context import caller_of, services_of, visitor_of
from headgate.rim.openapi import OpenApi
from headgate.rim.router import PUBLIC, Router

router = Router("system")


@router.get("/health", right=PUBLIC, aliases=("/api/health",), response=Health)
async def health(request: Request) -> Any:
    """Alive, and who answers calls. Touches neither disk nor database, and needs no key."""
    services = services_of(request)
    return {
        "ok": True, "status": "ok", "timestamp": iso(to_us(services.clock.now())), "version": __version__,
        "provider": service.provider_name(services.settings), "plasmate": False,
    }  # fmt: skip


@router.get("/api/status", right="system:read", response=Status)
async def status(request: Request) -> Any:
    """How the server is: mode, provider, database; for the operator also record, cache, pool, worker and disk."""
    services = services_of(request)
    started_us: int = request.app.state.started_us
    database = await service.database_state(services.database)
    body: dict[str, Any] = {
        "ok": database["ok"],
        "version": __version__,
        "mode": "protected" if services.settings.protected else "open",
        "provider": service.provider_name(services.settings),
        "startedAt": iso(started_us),
        "uptimeSeconds": round(services.clock.now() - started_us / 1e6, 3),
        "database": database,
    }
    if caller_of(request).tenant == DEFAULT_TENANT:
        parts = service.part_stats(services)
        body |= {name: service.camel(stats) for name, stats in parts.items()}
        body["lostRecords"] = parts["record"].get("lost_frames") if "record" in parts else None
        body["disk"] = await service.disk_state(services.settings.data_dir)
    return body


@router.get("/api/openapi.json", right="docs:read", aliases=("/openapi.json",))
async def openapi_document(request: Request) -> Response:
    """This document: OpenAPI 3.1.0, every route with the right it needs."""
    document: OpenApi = request.app.state.openapi
    return Response(await document.document(), media_type="application/json")


@router.get("/api/docs", right=PUBLIC, kind=HtmlPage)
async def api_docs() -> HtmlPage:
    """The API docs as a page. It reads the OpenAPI document with the key you type in."""
    return html_page(docs_page(), csp=DOCS_CSP)


@router.get("/static/{name}", right=PUBLIC, kind=TextFile)
async def static(name: str) -> Response:
    """Style sheets and scripts of our own pages."""
    content = static_file(name)
    if content is None:
        raise NotFound(f"There is no file {name}.")
    return Response(content, media_type=STATIC_TYPES[name], headers={"cache-control": "public, max-age=300"})


@router.get("/", right=PUBLIC, kind=HtmlPage)
async def landing(request: Request) -> HtmlPage:
    """The landing page: status, mode, provider, a first call to copy, and your last runs if you may see them."""
    services = services_of(request)
    caller = visitor_of(request)
    return html_page(
        landing_page(
            Landing(
                version=__version__,
                provider=service.provider_name(services.settings),
                protected=services.settings.protected,
                base_url=_base_url(request),
                runs=await service.last_runs(services, caller) if caller is not None else None,
            )
        ),
        csp=PAGE_CSP,
    )


def metrics_router(*, public: bool) -> Router:
    """`/metrics`, with or without a key."""
    made = Router("system")

    @made.get("/metrics", right=PUBLIC if public else "system:metrics", kind=TextFile)
    async def metrics(request: Request) -> Response:
        """The counters of this process in the text format of Prometheus; they count all tenants, so they are the operator's."""
        if not public and caller_of(request).tenant != DEFAULT_TENANT:
            raise Forbidden("Only an admin of this server may read its metrics.", right="system:metrics")
        state = request.app.state
        rendered = Metrics(services_of(request), started_s=state.started_us / 1e6).render()
        return Response(rendered, media_type=CONTENT_TYPE)

    return made


def _base_url(request: Request) -> str:
    """The address under which the visitor reached us; a `Host` that is none becomes our own."""
    host: str = request.scope["headgate.host"].decode("latin-1")
    settings = services_of(request).settings
    if not host or not all(letter.isalnum() or letter in ".-:[]" for letter in host):
        host = f"{settings.host}:{settings.port}"
    return f"{request.scope['scheme']}://{host}{settings.root_path.rstrip('/')}"
