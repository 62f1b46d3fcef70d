"""The values: how an origin is written, and how settings become a client's config."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from headgate.providers.upstream import ClientConfig, Counters, Origin


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (Origin("https", "api.test", 443), "https://api.test"),
        (Origin("http", "api.test", 80), "http://api.test"),
        (Origin("https", "api.test", 80), "https://api.test:80"),
        (Origin("http", "::1", 8080), "http://[::1]:8080"),
    ],
)
def test_origins_are_written_as_urls(origin: Origin, text: str) -> None:
    assert str(origin) == text


@dataclass
class Given:
    pool_per_host: int = 7
    pool_idle_s: float = 3.5
    https_proxy: str = "http://proxy:1"
    no_proxy: str = "a,b"
    ssl_cert_file: str = "/ca.pem"


def test_settings_become_a_config() -> None:
    config = ClientConfig.from_settings(Given())
    assert (config.per_host, config.idle_s, config.https_proxy, config.no_proxy, config.ca_file) == (
        7, 3.5, "http://proxy:1", "a,b", "/ca.pem"
    )  # fmt: skip


async def test_failures_are_counted_by_kind() -> None:
    counters = Counters()
    assert counters.failed("dns", "x", sent=False).sent is False
    counters.failed("dns", "x", sent=False)
    counters.failed("reset", "x", sent=True)
    assert counters.failures == {"dns": 2, "reset": 1}
