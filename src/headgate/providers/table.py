"""Providers as rows: where a service is, which key opens it. A model name finds its row, and what it is called there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from headgate.kernel.secret import reveal
from headgate.providers.upstream import Origin

OPENAI_URL = "https://api.openai.com"
MODEL_PREFIX = "openai:"
DEFAULT_PORTS = {"http": 80, "https": 443}
_REQUEST_LINE = re.compile(rb"[A-Z]+ /[\x21-\x7e]* HTTP/1\.1")
_LINE = re.compile(rb"[\x21-\x7e][\x20-\x7e]*")


class BadProvider(ValueError):
    """A provider's address or key cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One service. `base_path` stands before the path of a wire; `key` is the server's own, empty when it has none."""

    name: str
    origin: Origin
    base_path: str = ""
    key: str = field(default="", repr=False)
    is_mock: bool = False
    _heads: dict[str, bytes] = field(default_factory=dict[str, bytes], init=False, repr=False, compare=False)

    @property
    def has_key(self) -> bool:
        return bool(self.key)

    def request_head(
        self, path: str, caller_key: str | None, *, first: bool = False, method: str = "POST"
    ) -> bytes:
        """Request line and headers up to `content-length`. The caller's key is used when the server has none, or `first`.
        Raises BadProvider when something in it would not fit on a line."""
        if caller_key and (first or not self.key):
            return self._head(path, caller_key, method)
        if method != "POST":
            return self._head(path, self.key, method)
        head = self._heads.get(path)  # the paths of the wires: a handful
        if head is None:
            head = self._heads[path] = self._head(path, self.key, method)
        return head

    def _head(self, path: str, key: str, method: str) -> bytes:
        lines = [
            f"{method} {self.base_path}{path} HTTP/1.1",
            f"host: {self.origin.authority}",
            "accept-encoding: identity",
        ]
        if key:
            lines.append(f"authorization: Bearer {key}")
        if method == "POST":
            lines.append("content-type: application/json")
        encoded = [line.encode() for line in lines]
        if not _REQUEST_LINE.fullmatch(encoded[0]) or not all(_LINE.fullmatch(line) for line in encoded):
            raise BadProvider("the request to the provider holds characters that a header cannot carry")
        return b"\r\n".join(encoded) + b"\r\n"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes and what its model is called there."""

    provider: Provider
    upstream_model: str


@dataclass(frozen=True, slots=True)
class ProviderTable:
    """All rows. `default` answers every model that no other row claims."""

    default: Provider

    @staticmethod
    def from_settings(settings: Any) -> ProviderTable:
        """The OpenAI-compatible service of the settings, else the mock. Raises BadProvider."""
        key, url = reveal(settings.openai_api_key or ""), settings.openai_base_url
        kind = settings.provider or ("openai" if key or url else "mock")
        if kind == "mock":
            return ProviderTable(Provider("mock", Origin("http", "mock.invalid", 80), is_mock=True))
        origin, base_path = parse_base_url(url or OPENAI_URL)
        return ProviderTable(Provider("openai", origin, base_path, key))

    def route(self, model: str) -> Target:
        """The target of a model id; `openai:` before an id is taken away."""
        return Target(self.default, model.removeprefix(MODEL_PREFIX))


def parse_base_url(url: str) -> tuple[Origin, str]:
    """A base URL, with or without `/v1` at its end, as origin and path prefix. Raises BadProvider."""
    parts = urlsplit(url.strip())
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise BadProvider(f"{url!r} is not an http(s) address")
    try:
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except ValueError:
        raise BadProvider(f"{url!r} has a port that is none") from None
    path = parts.path.rstrip("/").removesuffix("/v1")
    return Origin(parts.scheme, parts.hostname, port), path
