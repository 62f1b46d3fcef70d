"""CORS: which pages may read our answers, and which of our headers they see."""

from __future__ import annotations

from headgate.rim.origins import Headers, OriginRules

EXPOSED = (
    b"x-punk-run-id, x-punk-route, x-headgate-cost, x-headgate-saved, x-headgate-model, x-headgate-provider, x-headgate-cache, "
    b"x-headgate-latency-ms, x-headgate-warnings, x-request-id, x-should-retry, retry-after, x-ratelimit-limit, "
    b"x-ratelimit-remaining, x-ratelimit-reset, traceparent, x-stockyard-trace-id, x-stockyard-model, x-stockyard-provider, "
    b"x-stockyard-tokens-in, x-stockyard-tokens-out, x-stockyard-cost, x-stockyard-cost-cents, x-stockyard-cached, "
    b"x-stockyard-cache, x-stockyard-latency-ms, x-stockyard-tags, x-stockyard-cost-warning, x-stockyard-provider-error"
)
PREFLIGHT_AGE_S = b"600"

RawHeaders = list[tuple[bytes, bytes]]


def cors_headers(rules: OriginRules, headers: Headers) -> RawHeaders:
    """What every answer to a page of an allowed origin carries; empty for everyone else."""
    origin = headers.get(b"origin")
    if origin is None or not rules.allows(origin):
        return []
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", EXPOSED),
        (b"vary", b"Origin"),
    ]


def preflight_headers(rules: OriginRules, headers: Headers, methods: bytes) -> RawHeaders:
    """What the answer to an OPTIONS request carries."""
    allowed = cors_headers(rules, headers)
    if not allowed or b"access-control-request-method" not in headers:
        return allowed
    asked = headers.get(b"access-control-request-headers", b"authorization, content-type")
    return [
        *allowed,
        (b"access-control-allow-methods", methods),
        (b"access-control-allow-headers", asked),
        (b"access-control-max-age", PREFLIGHT_AGE_S),
    ]
