"""The version and the betas that a client asks for reach a provider of its format, and nobody else."""

from __future__ import annotations

from headgate.call.call import Call
from headgate.wire.anthropic.headers import dialect, with_client_headers
from tests.wire.calls import call_of, chat_call

HEAD = b"POST /v1/messages HTTP/1.1\r\nhost: x\r\nanthropic-version: 2023-06-01\r\nx-api-key: k\r\n"


def message(**headers: bytes) -> Call:
    call = call_of(
        b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}', "/v1/messages"
    )
    call.headers = {name.replace("_", "-").encode(): value for name, value in headers.items()}
    return call


def test_the_clients_version_and_betas_take_the_place_of_ours():
    head = with_client_headers(
        HEAD, message(anthropic_version=b"2026-10-21", anthropic_beta=b"a,b"), "anthropic.messages"
    )
    assert head == (
        b"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: k\r\nanthropic-version: 2026-10-21\r\nanthropic-beta: a,b\r\n"
    )


def test_without_them_ours_stays():
    assert with_client_headers(HEAD, message(), "anthropic.messages") is HEAD


def test_a_value_that_would_not_fit_on_a_line_does_not_pass():
    assert (
        with_client_headers(HEAD, message(anthropic_beta=b"a\nx-api-key: other"), "anthropic.messages")
        is HEAD
    )


def test_a_translated_call_keeps_ours():
    call = chat_call()
    call.headers = {b"anthropic-version": b"1"}
    assert with_client_headers(HEAD, call, "anthropic.messages") is HEAD
    assert with_client_headers(HEAD, message(anthropic_version=b"1"), "openai.chat") is HEAD


def test_betas_are_part_of_what_makes_an_answer():
    assert dialect(message(anthropic_beta=b"a")) != dialect(message())
    assert dialect(chat_call()) == b""
