"""`Provider`: one service as it is configured. It writes the heads of requests, in its own style of paths and credentials."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from headgate.call.call import Wire
from headgate.call.caller import Caller
from headgate.kernel.errors import BadRequest
from headgate.providers.rows import KEY_BEGINNINGS, Family
from headgate.providers.styles import BadProvider, Lines, Opener, Request, style_of
from headgate.providers.upstream import Origin

__all__ = ["BadProvider", "Provider", "ProviderKey", "Target", "fits", "parse_base_url"]

DEFAULT_PORTS = {"http": 80, "https": 443}
OPENAI_WIRES: frozenset[Wire] = frozenset(
    ("openai.chat", "openai.completions", "openai.embeddings", "openai.models", "passthrough")
)
OPENAI_OWN_WIRES: frozenset[Wire] = OPENAI_WIRES | frozenset[Wire](("openai.responses",))
AZURE_WIRES: frozenset[Wire] = frozenset(
    ("openai.chat", "openai.completions", "openai.embeddings", "openai.responses", "passthrough")
)
SPEAKS: Mapping[Family, frozenset[Wire]] = {
    "openai": OPENAI_WIRES,
    "azure": AZURE_WIRES,
    "anthropic": frozenset(("anthropic.messages", "anthropic.count_tokens", "openai.models", "passthrough")),
    "google": frozenset(("google.generate", "google.count_tokens", "openai.embeddings", "openai.models", "passthrough")),
    "vertex": frozenset(("google.generate", "google.count_tokens")),
    "bedrock": frozenset(("bedrock.converse",)),
    "mock": OPENAI_OWN_WIRES,
}  # fmt: skip
_DOTS = re.compile(r"/\.{1,2}(?:/|:|$)")
_REQUEST_LINE = re.compile(rb"[A-Z]+ /[\x21-\x7e]* HTTP/1\.1")
_LINE = re.compile(rb"[\x21-\x7e][\x20-\x7e]*")


@dataclass(frozen=True, slots=True)
class ProviderKey:
    """One key of the server for a provider. `ref` names it in records and states; it is no secret."""

    ref: str
    secret: str = field(repr=False)
    weight: int = 1

    @staticmethod
    def of(secret: str, weight: int = 1) -> ProviderKey:
        return ProviderKey(hashlib.sha256(b"key " + secret.encode()).hexdigest()[:8], secret, weight)


@dataclass(frozen=True, slots=True)
class Provider:
    """One service. `base_path` stands before the path of a call; with `bare` it stands in place of the path's `/v1`.
    `site` holds what a family needs besides: `api_version`, `region`, `project`, `location`."""

    name: str
    origin: Origin
    base_path: str = ""
    keys: tuple[ProviderKey, ...] = ()
    family: Family = "openai"
    speaks: frozenset[Wire] = OPENAI_WIRES
    bare: bool = False
    site: Mapping[str, str] = field(default_factory=dict[str, str])
    local: bool = False
    foreign: bool = False  # not at the address that its name stands for, so any key may be one of it
    tenant: str = ""  # whose it is, when it was added at run time
    lines: Lines = field(default=(), repr=False)  # headers of its own
    opener: Opener | None = None
    models: tuple[str, ...] = ()  # names that are its own, each the name itself or its beginning and `*`
    _heads: dict[tuple[str, str], bytes] = field(
        default_factory=dict[tuple[str, str], bytes], init=False, repr=False, compare=False
    )

    @property
    def is_mock(self) -> bool:
        return self.family == "mock"

    @property
    def id(self) -> str:
        """Its name among all tenants' providers, for counts and states."""
        return f"{self.tenant}/{self.name}" if self.tenant else self.name

    @property
    def has_key(self) -> bool:
        """The server itself can open it."""
        return bool(self.keys) or self.opener is not None

    @property
    def url(self) -> str:
        """Where it is, for people."""
        return f"{self.origin}{self.base_path}"

    def caller_key(self, caller: Caller) -> str | None:
        """The caller's own key, when it is to be used: the server has none here, or it came in `x-headgate-provider-key`.
        A key that is recognisably another service's is never sent. Raises BadRequest when the caller insisted on it."""
        key = caller.provider_key
        if key is None or (self.has_key and not caller.provider_key_first):
            return None
        if self.foreign or fits(key, self.name):
            return key
        if caller.provider_key_first:
            raise BadRequest(
                f"The key in x-headgate-provider-key is not one of {self.name}, where this call goes.",
                param="x-headgate-provider-key",
            )
        return None

    def prepare(
        self, wire: Wire, path: str, model: str, stream: bool, body: bytes,
        key: ProviderKey | None = None, caller_key: str | None = None,
    ) -> bytes:  # fmt: skip
        """Request line and headers up to `content-length`. `path` is the one of `wire` on our side.
        Raises BadProvider when something in it would not fit on a line."""
        if self.family == "openai" and caller_key is None:
            at = (path, "" if key is None else key.ref)
            head = self._heads.get(at)  # the paths of the wires: a handful
            if head is None:
                secret = "" if key is None else key.secret
                head = self.head(Request(wire, path, model, stream, body, secret))
                self._heads[at] = head
            return head
        secret = caller_key or ("" if key is None else key.secret)
        return self.head(Request(wire, path, model, stream, body, secret))

    def head(self, request: Request) -> bytes:
        """Any request's line and headers; `prepare` is this for calls, remembered."""
        path, lines = style_of(self.family)(self, request)
        texts = [
            f"{request.method} {path} HTTP/1.1",
            f"host: {self.origin.authority}",
            "accept-encoding: identity",
        ]
        texts += [f"{name}: {value}" for name, value in (*lines, *self.lines)]
        if request.method in ("POST", "PUT", "PATCH") and request.content_type:
            texts.append(f"content-type: {request.content_type}")
        encoded = [text.encode() for text in texts]
        if "/." in path and _DOTS.search(path.partition("?")[0]):
            raise BadProvider("a model's name must not hold dots as parts of a path")
        if not _REQUEST_LINE.fullmatch(encoded[0]) or not all(_LINE.fullmatch(line) for line in encoded):
            raise BadProvider("the request to the provider holds characters that a header cannot carry")
        return b"\r\n".join(encoded) + b"\r\n"

    def request_head(
        self, path: str, caller_key: str | None, *, first: bool = False, method: str = "POST"
    ) -> bytes:
        """`prepare` for requests that are no calls of a wire, with the first key. The caller's key is used when the server
        has none, or `first`."""
        key = self.keys[0] if self.keys else None
        own = caller_key if caller_key and (first or key is None) else None
        if method == "POST":
            return self.prepare("openai.chat", path, "", False, b"", key, own)
        secret = own or ("" if key is None else key.secret)
        return self.head(Request("openai.models", path, "", False, b"", secret, method=method))


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes and what its model is called there."""

    provider: Provider
    upstream_model: str
    weight: int = 1


def fits(key: str, provider: str) -> bool:
    """May this key be one of `provider`? Keys that begin like another service's may not."""
    begins = max((each for each in KEY_BEGINNINGS if key.startswith(each)), key=len, default="")
    return not begins or KEY_BEGINNINGS[begins] == provider


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
