"""Makes the configured providers of the settings: keys and addresses from the variables that `rows.py` names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from headgate.call.call import Wire
from headgate.kernel.clock import Clock
from headgate.kernel.secret import reveal
from headgate.providers.provider import (
    OPENAI_OWN_WIRES,
    SPEAKS,
    BadProvider,
    Provider,
    ProviderKey,
    parse_base_url,
)
from headgate.providers.rows import ROWS, Family, Row
from headgate.providers.sigv4 import Signer
from headgate.providers.styles import AZURE_VERSION, Lines
from headgate.providers.upstream import Origin
from headgate.providers.vertex import GoogleTokens

VERTEX_LOCATION = "us-central1"
OPENROUTER_URL = "https://openrouter.ai/api"
FAMILIES: tuple[Family, ...] = ("openai", "anthropic", "google")  # that a provider of one's own may be
CUSTOM = frozenset({"base_url", "api_key", "family", "models", "headers"})

Values = Mapping[str, str]


def mock_row() -> Provider:
    return Provider("mock", Origin("http", "mock.invalid", 80), family="mock", speaks=SPEAKS["mock"])


def build_rows(settings: Any, clock: Clock) -> dict[str, Provider]:
    """The providers that have a key, or an address of their own. Raises BadProvider."""
    values = variables_of(settings)
    named = settings.provider
    rows: dict[str, Provider] = {}
    for row in ROWS.values():
        try:
            made = _build(row, values, clock, wanted=named == row.name)
        except BadProvider as error:
            names = next((name for name in row.urls if values.get(name)), row.name)
            raise BadProvider(f"{names}: {error}") from None
        if made is not None:
            rows[row.name] = made
    for name, given in settings.providers.items():
        rows[name] = custom_row(name, given)
    return rows


def variables_of(settings: Any) -> dict[str, str]:
    """Every variable of a provider that is set."""
    openrouter = settings.openrouter_base_url
    values = {name: reveal(value) for name, value in settings.provider_env.items()} | {
        "OPENAI_API_KEY": reveal(settings.openai_api_key),
        "OPENAI_BASE_URL": settings.openai_base_url,
        "ANTHROPIC_API_KEY": reveal(settings.anthropic_api_key),
        "ANTHROPIC_BASE_URL": settings.anthropic_base_url,
        "OPENROUTER_API_KEY": reveal(settings.openrouter_api_key),
        "OPENROUTER_BASE_URL": "" if openrouter.rstrip("/") == OPENROUTER_URL else openrouter,
        "OPENROUTER_SITE_URL": settings.openrouter_site_url or settings.app_base_url,
        "OPENROUTER_APP_NAME": settings.openrouter_app_name,
    }
    return {name: value for name, value in values.items() if value}


def known_row(name: str) -> Provider | None:
    """A service at its own address, without a key; None when there is no such address."""
    row = ROWS.get(name)
    if row is None or row.local or not row.url:
        return None
    origin, base_path, bare = address_of(row, "")
    return Provider(name, origin, base_path, (), row.family, _speaks(row), bare)


def custom_row(name: str, given: Any, *, tenant: str = "") -> Provider:
    """A provider of the operator's own: `base_url`, and `api_key`, `family`, `models`, `headers` if it needs them.
    Raises BadProvider."""
    if not isinstance(given, Mapping) or not set(fields := cast("Mapping[str, Any]", given)) <= CUSTOM:
        raise BadProvider(f"the provider {name!r} must be a mapping of {', '.join(sorted(CUSTOM))}")
    family = fields.get("family", "openai")
    if family not in FAMILIES:
        raise BadProvider(f"the family of {name!r} must be one of {', '.join(FAMILIES)}")
    origin, path = parse_exact(str(fields.get("base_url", "")))
    bare = family == "openai" and bool(path) and not path.endswith("/v1")
    if not bare:
        path = path.removesuffix("/v1beta").removesuffix("/v1")
    headers = cast("Mapping[str, Any]", fields.get("headers") or {})
    return Provider(
        name, origin, path, keys_of(reveal(fields.get("api_key") or "")), family, SPEAKS[family], bare,
        local=True, foreign=True, tenant=tenant, models=tuple(str(each) for each in fields.get("models") or ()),
        lines=tuple((str(key).lower(), reveal(value)) for key, value in headers.items()),
    )  # fmt: skip


def keys_of(text: str) -> tuple[ProviderKey, ...]:
    """The keys in a variable, with commas between them; each once."""
    return tuple(
        ProviderKey.of(each) for each in dict.fromkeys(part.strip() for part in text.split(",")) if each
    )


def address_of(row: Row, given: str) -> tuple[Origin, str, bool]:
    """Origin, base path and whether it stands for the `/v1` of a path. An address of one's own for a service whose paths
    begin with `/v1` may leave that away."""
    origin, path = parse_exact(given or row.url)
    if row.family in ("google", "anthropic", "azure", "bedrock", "vertex"):
        for end in ("/v1beta", "/v1", "/openai"):
            path = path.removesuffix(end)
        return origin, path, False
    if path.endswith("/v1") or urlsplit(row.url).path.endswith("/v1"):
        return origin, path.removesuffix("/v1"), False
    return origin, path, True


def parse_exact(url: str) -> tuple[Origin, str]:
    """Origin and path of an address. Raises BadProvider."""
    origin, path = parse_base_url(url)
    if urlsplit(url.strip()).path.rstrip("/").endswith("/v1"):
        path += "/v1"
    return origin, path


def _build(row: Row, values: Values, clock: Clock, *, wanted: bool) -> Provider | None:
    url = _first(row.urls, values)
    if row.family == "bedrock":
        return _bedrock(row, values, clock, url)
    if row.family == "vertex":
        return _vertex(values, clock, url)
    keys = keys_of(_first(row.keys, values))
    there = bool(url) if row.local or row.family == "azure" else bool(url or keys)
    if not there and not (wanted and row.url):
        return None
    origin, base_path, bare = address_of(row, url)
    site: dict[str, str] = {}
    if row.family == "azure":
        given = urlsplit(url).path.rstrip("/").endswith("/openai/v1")
        site["api_version"] = values.get("AZURE_OPENAI_API_VERSION", "v1" if given else AZURE_VERSION)
    return Provider(
        row.name, origin, base_path, keys, row.family, _speaks(row), bare, site, row.local, foreign=bool(url),
        lines=_own_lines(row, values),
    )  # fmt: skip


def _bedrock(row: Row, values: Values, clock: Clock, url: str) -> Provider | None:
    region = values.get("AWS_REGION") or values.get("AWS_DEFAULT_REGION", "")
    access, secret = values.get("AWS_ACCESS_KEY_ID"), values.get("AWS_SECRET_ACCESS_KEY")
    keys = keys_of(_first(row.keys, values))
    if access and secret:
        keys = (*keys, ProviderKey.of(":".join((access, secret, values.get("AWS_SESSION_TOKEN", "")))))
    if not region or not keys:
        return None
    origin, base_path, _ = address_of(row, url or f"https://bedrock-runtime.{region}.amazonaws.com")
    return Provider(
        "bedrock", origin, base_path, keys, "bedrock", SPEAKS["bedrock"], site={"region": region}, foreign=bool(url),
        opener=Signer(clock, region),
    )  # fmt: skip


def _vertex(values: Values, clock: Clock, url: str) -> Provider | None:
    project = values.get("VERTEX_PROJECT", "")
    if not project:
        return None
    location = values.get("VERTEX_LOCATION", VERTEX_LOCATION)
    host = "aiplatform.googleapis.com" if location == "global" else f"{location}-aiplatform.googleapis.com"
    origin, base_path = parse_base_url(url or f"https://{host}")
    opener = GoogleTokens(clock, values.get("GOOGLE_APPLICATION_CREDENTIALS", ""))
    return Provider(
        "vertex", origin, base_path, (), "vertex", SPEAKS["vertex"], site={"project": project, "location": location},
        foreign=bool(url), opener=opener,
    )  # fmt: skip


def _speaks(row: Row) -> frozenset[Wire]:
    return OPENAI_OWN_WIRES if row.name == "openai" else SPEAKS[row.family]


def _own_lines(row: Row, values: Values) -> Lines:
    """OpenRouter is told which application asks."""
    if row.name != "openrouter":
        return ()
    named = (("http-referer", "OPENROUTER_SITE_URL"), ("x-title", "OPENROUTER_APP_NAME"))
    return tuple((header, values[name]) for header, name in named if values.get(name))


def _first(names: tuple[str, ...], values: Values) -> str:
    return next((values[name] for name in names if values.get(name)), "")
