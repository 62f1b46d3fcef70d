"""Port, clock, TLS files and file limits."""

from __future__ import annotations

import errno
import http.client
import json
import resource
import socket
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from headgate.cli.checks import Finding
from headgate.cli.checks.processes import port_holder
from headgate.cli.checks.upstream import ProviderAnswer
from headgate.config import Settings
from headgate.kernel.clock import SystemClock

SKEW_S = 60.0
DAY_S = 86400.0
SPARE_FILES = 512
TIMEOUT_S = 2.0
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to ask whoever listens on all addresses


def port(settings: Settings) -> Iterator[Finding]:
    """Is the port free, or is it a gateway of ours that has it?"""
    where = f"{settings.host}:{settings.port}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            yield _taken(settings, error)
            return
    yield Finding("port", "ok", f"{where} is free.")


def _taken(settings: Settings, error: OSError) -> Finding:
    where = f"{settings.host}:{settings.port}"
    if error.errno == errno.EADDRNOTAVAIL:
        what = f"This machine does not have the address {settings.host}."
        return Finding("port", "bad", what, "Choose one of its own with --host.")
    running = _our_health(settings)
    if running is not None:
        return Finding("port", "ok", f"A gateway (version {running['version']}) is running on {where}.")
    holder = port_holder(settings.port)
    if holder:
        return Finding(
            "port",
            "bad",
            f"{where} is taken by {holder}.",
            "End it, or choose another port: --port or HEADGATE_PORT.",
        )
    return Finding(
        "port", "bad", f"{where} cannot be used: {error.strerror}.", "Choose another with --port and --host."
    )


def _our_health(settings: Settings) -> dict[str, Any] | None:
    """What `/health` says on the port, if it is a gateway that answers."""
    make = http.client.HTTPSConnection if settings.tls_cert else http.client.HTTPConnection
    host = ANY_ADDRESS.get(settings.host, settings.host)
    connection = make(host, settings.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/health")
        body = json.loads(connection.getresponse().read(65536))
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return body if isinstance(body, dict) and "plasmate" in body and "version" in body else None  # pyright: ignore[reportUnknownVariableType]


def tls(settings: Settings) -> Iterator[Finding]:
    """Can the certificate be read, and is it still good?"""
    if not settings.tls_cert:
        return
    try:
        certificate = x509.load_pem_x509_certificate(Path(settings.tls_cert).read_bytes())
        Path(settings.tls_key).read_bytes()
    except (OSError, ValueError) as error:
        yield Finding(
            "tls",
            "bad",
            f"Certificate or key cannot be read: {error}.",
            "Correct --tls-cert and --tls-key, and the rights of the files.",
        )
        return
    days = (certificate.not_valid_after_utc.timestamp() - SystemClock().now()) / DAY_S
    if days < 0:
        yield Finding("tls", "bad", f"The certificate ended {-days:.0f} days ago.", "Renew it and restart.")
    elif days < 14:
        yield Finding("tls", "warn", f"The certificate ends in {days:.0f} days.", "Renew it and restart.")
    else:
        yield Finding("tls", "ok", f"The certificate is good for {days:.0f} days.")


def clock(settings: Settings, answer: ProviderAnswer | None) -> Iterator[Finding]:
    """Does our clock agree with the provider's, and has it not gone back?"""
    now = SystemClock().now()
    cure = "Turn time synchronisation on (timedatectl set-ntp true). Expiry of keys, limits and TLS depend on it."
    newest = max((each.stat().st_mtime for each in settings.data_dir.glob("*") if each.exists()), default=0.0)
    if newest > now + SKEW_S:
        yield Finding(
            "clock", "bad", "The clock has gone back: files in the data folder are from the future.", cure
        )
        return
    if answer is not None and answer.date:
        skew = now - parsedate_to_datetime(answer.date).timestamp()
        if abs(skew) > SKEW_S:
            yield Finding("clock", "warn", f"This clock and the provider's differ by {skew:+.0f} s.", cure)
            return
    yield Finding("clock", "ok", "The clock is plausible.")


def file_limit(settings: Settings) -> Iterator[Finding]:
    """May the process open as many connections as the settings allow?"""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * settings.pool_per_host + SPARE_FILES
    if soft == resource.RLIM_INFINITY or soft >= needed:
        yield Finding("file limit", "ok", f"{soft} open files are allowed.")
    else:
        room = "" if hard == resource.RLIM_INFINITY or hard >= needed else f" (the hard limit is {hard})"
        yield Finding(
            "file limit",
            "warn",
            f"Only {soft} open files are allowed; {settings.pool_per_host} connections each way need {needed}.",
            f"ulimit -n {needed}{room}, LimitNOFILE={needed} in systemd, or lower HEADGATE_POOL_PER_HOST.",
        )
