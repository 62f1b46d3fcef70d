"""Paths of requests that are passed on: cleaned once, before anything is decided by them, and put below a provider's address."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from headgate.kernel.errors import BadRequest, Forbidden
from headgate.providers.provider import Provider

MAX_PATH = 2048
_CHARACTERS = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
_ESCAPED = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_HIDDEN = re.compile(rb"%(?:2f|5c|25|2e|00|0[0-9a-f]|1[0-9a-f]|7f)", re.IGNORECASE)
_VERSION = re.compile(r"v[0-9]+[a-z]*[0-9]*/")

# what other tenants than the server's own may do with the server's key: calls that leave nothing behind in the account
CALLS = re.compile(
    r"(?:v[0-9][a-z0-9]*/)?(?:chat/completions|completions|embeddings|responses|messages|messages/count_tokens|moderations|rerank"
    r"|images/(?:generations|edits|variations)|audio/(?:speech|transcriptions|translations)"
    r"|models/[^/]+:(?:generateContent|streamGenerateContent|countTokens|embedContent|batchEmbedContents)"
    r"|model/[^/]+/(?:converse|converse-stream|invoke|invoke-with-response-stream)"
    r"|openai/deployments/[^/]+/(?:chat/completions|completions|embeddings|images/generations"
    r"|audio/(?:speech|transcriptions|translations)))"
)
LISTS = re.compile(r"(?:v[0-9][a-z0-9]*/)?models(?:/[^/]+)?")


def clean(raw: bytes) -> str:
    """A path below a provider, in the one form in which it is judged and sent. Raises BadRequest for everything by which one
    path could be read as another: dots, empty parts, hidden slashes, double escapes."""
    path = raw.lstrip(b"/") if raw.startswith(b"/") and not raw.startswith(b"//") else raw
    if (
        len(path) > MAX_PATH
        or not _CHARACTERS.fullmatch(path)
        or _ESCAPED.search(path)
        or _HIDDEN.search(path)
    ):
        raise _refused()
    parts = path.split(b"/")
    if any(unquote_to_bytes(part) in (b".", b"..") for part in parts) or b"" in parts[:-1]:
        raise _refused()
    return path.decode()


def _refused() -> BadRequest:
    return BadRequest(
        "The path must not hold dots as parts, empty parts, or escaped slashes, dots and percent signs.",
        param="path",
    )


def clean_query(query: bytes) -> str:
    """The query without our own credential. Raises BadRequest."""
    kept = b"&".join(part for part in query.split(b"&") if part and part.partition(b"=")[0].lower() != b"key")
    if not re.fullmatch(rb"[\x21-\x7e]*", kept) or b"#" in kept or len(kept) > MAX_PATH:
        raise BadRequest("The query holds characters that cannot be passed on.", param="query")
    return kept.decode()


def below(provider: Provider, path: str, query: str) -> str:
    """The path of a request to `provider`, in the form that its style expects."""
    if provider.family in ("openai", "anthropic"):
        full = f"/{path}" if path.startswith("v1/") else f"/v1/{path}"
    elif provider.family == "google":
        full = f"/{path}" if _VERSION.match(path) else f"/v1beta/{path}"
    else:
        full = f"/{path}"
    return f"{full}?{query}" if query else full


def check_wall(provider: Provider, tenant: str, method: str, path: str) -> None:
    """An account at a provider that serves several tenants keeps their files in one place. With the server's key a tenant may
    only make calls that leave nothing there; its own key, or a provider of its own, opens everything. Raises Forbidden."""
    if provider.tenant == tenant:
        return
    plain = path.partition("?")[0].lstrip("/")
    if (method == "POST" and CALLS.fullmatch(plain)) or (method == "GET" and LISTS.fullmatch(plain)):
        return
    raise Forbidden(
        f"The server's key for {provider.name} is shared, so this path needs a key of your own in x-headgate-provider-key.",
        provider=provider.name,
    )  # fmt: skip
