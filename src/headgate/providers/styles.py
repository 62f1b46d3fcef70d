"""How each family of providers wants its paths and credentials: one function per family, from a request to path and lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol
from urllib.parse import quote

from headgate.call.call import Wire
from headgate.providers.rows import Family
from headgate.providers.upstream import Origin

ANTHROPIC_VERSION = "2023-06-01"
AZURE_VERSION = "2024-10-21"  # the newest that is not a preview; "v1" asks for the unversioned API
DEPLOYED = ("/chat/completions", "/completions", "/embeddings", "/images/", "/audio/")

Lines = tuple[tuple[str, str], ...]
Style = Callable[["Where", "Request"], tuple[str, Lines]]


class BadProvider(ValueError):
    """A provider's address or key cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a provider. `path` is the one of `wire` on our side; `secret` opens the provider."""

    wire: Wire
    path: str
    model: str
    stream: bool
    body: bytes = field(repr=False)
    secret: str = field(default="", repr=False)
    method: str = "POST"
    content_type: str = "application/json"


class Opener(Protocol):
    """Credentials that change: signatures and short-lived tokens."""

    def stale(self) -> bool:
        """Must `ready` be awaited before `lines`?"""
        ...

    async def ready(self) -> None:
        """Have a token that lasts for a call. Raises BadProvider."""
        ...

    def lines(self, origin: Origin, path: str, request: Request) -> Lines:
        """The headers that open the provider for this request."""
        ...


class Where(Protocol):
    """What a style reads of a provider."""

    @property
    def origin(self) -> Origin: ...
    @property
    def base_path(self) -> str: ...
    @property
    def bare(self) -> bool: ...
    @property
    def site(self) -> Mapping[str, str]: ...
    @property
    def opener(self) -> Opener | None: ...


def style_of(family: Family) -> Style:
    return _STYLES[family]


def openai(where: Where, request: Request) -> tuple[str, Lines]:
    """`Authorization: Bearer`; `/v1` as on our side unless the base path stands in its place."""
    path = request.path.removeprefix("/v1") if where.bare else request.path
    return where.base_path + path, _bearer(request.secret)


def anthropic(where: Where, request: Request) -> tuple[str, Lines]:
    """`x-api-key` and the version of the API. A token of an OAuth login goes as Bearer."""
    version = (("anthropic-version", ANTHROPIC_VERSION),)
    if request.secret.startswith("sk-ant-oat"):
        return where.base_path + request.path, (*_bearer(request.secret), *version)
    key = (("x-api-key", request.secret),) if request.secret else ()
    return where.base_path + request.path, (*key, *version)


def google(where: Where, request: Request) -> tuple[str, Lines]:
    """`x-goog-api-key`; OpenAI's formats under a path of their own, with Bearer."""
    if request.wire.startswith("openai.") and request.path.startswith("/v1/"):
        return f"{where.base_path}/v1beta/openai{request.path[3:]}", _bearer(request.secret)
    key = (("x-goog-api-key", request.secret),) if request.secret else ()
    return where.base_path + request.path, key


def azure(where: Where, request: Request) -> tuple[str, Lines]:
    """`api-key`; the deployment stands in the path, the version in the query."""
    key = (("api-key", request.secret),) if request.secret else ()
    path, _, query = request.path.removeprefix("/v1").partition("?")
    version = where.site.get("api_version", AZURE_VERSION)
    if path.startswith("/openai/"):  # passed on as it came
        told = (
            query
            if "api-version=" in query or "/v1/" in path
            else f"{query}&api-version={quote(version, safe='')}"
        )
        return f"{where.base_path}{path}{f'?{told}'.replace('?&', '?') if told else ''}", key
    if version == "v1":
        return f"{where.base_path}/openai/v1{path}{f'?{query}' if query else ''}", key
    query = "&".join(part for part in (query, f"api-version={quote(version, safe='')}") if part)
    place = f"/deployments/{quote(request.model, safe='')}" if path.startswith(DEPLOYED) else ""
    return f"{where.base_path}/openai{place}{path}?{query}", key


def bedrock(where: Where, request: Request) -> tuple[str, Lines]:
    """A Bearer key of Bedrock's own, or a signature over all of the request."""
    path = where.base_path + request.path
    if where.opener is None or ":" not in request.secret:
        return path, _bearer(request.secret)
    return path, where.opener.lines(where.origin, path, request)


def vertex(where: Where, request: Request) -> tuple[str, Lines]:
    """Google's paths below a project and a location, opened by a token."""
    project, location = where.site.get("project", ""), where.site.get("location", "")
    publisher = f"/v1/projects/{project}/locations/{location}/publishers/google/models/"
    path = where.base_path + request.path.replace("/v1beta/models/", publisher, 1)
    if where.opener is None or request.secret:
        return path, _bearer(request.secret)
    return path, where.opener.lines(where.origin, path, request)


def _bearer(secret: str) -> Lines:
    return (("authorization", f"Bearer {secret}"),) if secret else ()


_STYLES: Mapping[Family, Style] = MappingProxyType(
    {
        "openai": openai,
        "anthropic": anthropic,
        "google": google,
        "azure": azure,
        "bedrock": bedrock,
        "vertex": vertex,
        "mock": openai,
    }
)
