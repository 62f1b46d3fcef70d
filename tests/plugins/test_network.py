"""What keeps tests on this machine."""

from __future__ import annotations

import socket

import pytest

from tests.plugins.network import NetworkBlocked, is_local


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "localhost",
        b"localhost",
        "",
        None,
        "::ffff:127.0.0.1",
        "dead.invalid",
    ],
)
def test_this_machine_and_names_that_never_resolve_are_allowed(host: object) -> None:
    assert is_local(host)


@pytest.mark.parametrize(
    "host",
    ["192.0.2.1", "10.0.0.1", "example.com", "2001:db8::1", "::ffff:10.0.0.1", "127.0.0.1.example.com"],
)
def test_everything_else_is_not(host: object) -> None:
    assert not is_local(host)


def test_a_connection_to_the_outside_fails_at_once() -> None:
    with socket.socket() as sock, pytest.raises(NetworkBlocked, match="this machine only"):
        sock.connect(("192.0.2.1", 9))


def test_a_look_up_of_an_outside_name_fails_at_once() -> None:
    with pytest.raises(NetworkBlocked):
        socket.getaddrinfo("example.com", 80)
