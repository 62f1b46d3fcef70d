"""Tests reach this machine only: any other address fails at once, and says so."""

from __future__ import annotations

import ipaddress
import os
import sys
from typing import Any

WATCHED = ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname")
# names that stand for this machine, or that are reserved so that they never resolve
NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")
RESERVED = (".localhost", ".invalid", ".test")


class NetworkBlocked(BaseException):
    """A test wanted to leave this machine. Not an Exception, so that no error handling can hide it."""


def is_local(host: object) -> bool:
    """May a test connect to `host`, or ask for its address?"""
    if host is None:
        return True
    text = bytes(host).decode("latin-1") if isinstance(host, (bytes, bytearray)) else str(host)
    text = text.partition("%")[0].rstrip(".").lower()
    if text in ("", *NAMES) or text.endswith(RESERVED):
        return True
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_loopback or address.is_unspecified or bool(mapped and mapped.is_loopback)


def watch(event: str, args: tuple[Any, ...]) -> None:
    """The audit hook. Address families without hosts (unix, netlink) pass."""
    if event not in WATCHED:
        return
    if event in ("socket.connect", "socket.sendto"):
        address = args[1]
        if not isinstance(address, tuple):
            return
        host = address[0]
    else:
        host = args[0]
    if not is_local(host):
        raise NetworkBlocked(f"a test tried to reach {host!r}: tests reach this machine only ({event})")


def pytest_configure() -> None:
    sys.addaudithook(watch)
    # a proxy of the machine would stand between a test and its own server
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        os.environ.pop(name, None)
