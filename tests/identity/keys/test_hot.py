"""The door: who a request is, in open and in protected mode."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headgate.call.caller import Caller
from headgate.identity.keys.hot import (
    Door,
    DoorRules,
    KeyEntry,
    KeyIndex,
    KeyUse,
    as_header,
    token_hash,
)
from headgate.kernel.errors import Forbidden, Unauthorized
from headgate.rim.origins import OriginRules
from headgate.testing.clock import START, FixedClock

PEPPER = b"p" * 32
HOST = {b"host": b"localhost:4100"}
LIVE = Caller("ten_a", "pk", frozenset({"calls:write"}), "observe", "key_1")


def door(*, protected: bool) -> Door:
    keys = {
        token_hash(PEPPER, b"pk_live"): KeyEntry(LIVE),
        token_hash(PEPPER, b"pk_gone"): KeyEntry(LIVE, revoked=True),
        token_hash(PEPPER, b"pk_late"): KeyEntry(LIVE, expires_us=int(START * 1e6) + 1),
    }
    rules = DoorRules(
        protected, PEPPER, OriginRules(), bootstrap=b"boot" if protected else b"", internal=b"hg_internal_x"
    )
    return Door(rules, KeyIndex().with_tenant("ten_a", keys), clock=FixedClock(), use=KeyUse())


def bearer(token: bytes) -> dict[bytes, bytes]:
    return {**HOST, b"authorization": b"Bearer " + token}


def test_a_headerless_call_in_open_mode_is_admin_of_the_default_tenant() -> None:
    caller = door(protected=False).admit(HOST)
    assert (caller.tenant, caller.admin, caller.mode) == ("ten_default", True, "optimize")


def test_a_known_key_is_honoured_in_open_mode_too() -> None:
    assert door(protected=False).admit(bearer(b"pk_live")) is LIVE


@pytest.mark.parametrize("protected", [True, False])
def test_a_revoked_key_is_refused_in_both_modes(protected: bool) -> None:
    with pytest.raises(Unauthorized, match="revoked"):
        door(protected=protected).admit(bearer(b"pk_gone"))


def test_a_key_is_refused_from_the_moment_it_expires() -> None:
    made = door(protected=True)
    assert made.admit(bearer(b"pk_late")) is LIVE
    made._clock.advance(1)  # type: ignore[attr-defined]
    with pytest.raises(Unauthorized, match="expired"):
        made.admit(bearer(b"pk_late"))


def test_an_unknown_bearer_is_ignored_in_open_mode_and_refused_in_protected_mode() -> None:
    assert door(protected=False).admit(bearer(b"whatever")).kind == "open"
    with pytest.raises(Unauthorized) as refused:
        door(protected=True).admit(bearer(b"whatever"))
    assert refused.value.headers["WWW-Authenticate"].startswith("Bearer")


def test_the_bootstrap_token_is_admin_of_the_default_tenant() -> None:
    caller = door(protected=True).admit(bearer(b"boot"))
    assert (caller.tenant, caller.kind, caller.admin) == ("ten_default", "bootstrap", True)


@pytest.mark.parametrize("token", [b"sk-abc", b"sk-ant-abc", b"gsk_abc"])
def test_a_provider_key_as_bearer_is_kept_for_the_upstream_and_is_nobody_here(token: bytes) -> None:
    caller = door(protected=False).admit(bearer(token))
    assert (caller.provider_key, caller.provider_key_first, caller.kind) == (token.decode(), False, "open")
    with pytest.raises(Unauthorized):
        door(protected=True).admit(bearer(token))
    both = door(protected=True).admit({**bearer(token), b"x-api-key": b"pk_live"})
    assert (both.key_id, both.provider_key) == ("key_1", token.decode())
    assert token.decode() not in repr(both)


@pytest.mark.parametrize("times", [1, 2])
def test_a_key_of_ours_is_never_handed_to_a_provider_even_if_it_looks_like_one(times: int) -> None:
    """Neither the first time nor from the memo."""
    made = door(protected=True)
    made = Door(replace(made.rules, bootstrap=b"sk-operator"), made.index, clock=made._clock, use=made._use)
    for _ in range(times):
        caller = made.admit(bearer(b"sk-operator"))
    assert (caller.kind, caller.provider_key) == ("bootstrap", None)


def test_the_provider_key_header_wins_over_the_bearer() -> None:
    caller = door(protected=False).admit({**bearer(b"sk-abc"), b"x-headgate-provider-key": b"sk-mine"})
    assert (caller.provider_key, caller.provider_key_first) == ("sk-mine", True)


@pytest.mark.parametrize("scheme", [b"Bearer ", b"bearer ", b"BEARER  "])
def test_the_scheme_is_read_in_any_case(scheme: bytes) -> None:
    assert door(protected=True).admit({**HOST, b"authorization": scheme + b"pk_live"}) is LIVE


def test_basic_credentials_are_none() -> None:
    with pytest.raises(Unauthorized):
        door(protected=True).admit({**HOST, b"authorization": b"Basic cGtfbGl2ZQ=="})


def test_protected_mode_asks_for_a_key_under_any_host() -> None:
    assert door(protected=True).admit({**bearer(b"pk_live"), b"host": b"gate.example"}) is LIVE


def test_open_mode_refuses_a_foreign_host_even_with_a_known_key() -> None:
    with pytest.raises(Forbidden):
        door(protected=False).admit({**bearer(b"pk_live"), b"host": b"gate.example"})


def test_our_own_processes_speak_for_a_caller_on_the_unix_socket_only() -> None:
    headers = {**bearer(b"hg_internal_x"), b"x-headgate-as": as_header(LIVE)}
    made = door(protected=True)
    assert made.admit(headers, trusted=True) == replace(LIVE, kind="internal")
    with pytest.raises(Unauthorized):
        made.admit(headers)
    with pytest.raises(Unauthorized):
        made.admit({**headers, b"authorization": b"Bearer hg_internal_y"}, trusted=True)
    for broken in (b"!!", b"AAAA"):
        with pytest.raises(Unauthorized):
            made.admit({**headers, b"x-headgate-as": broken}, trusted=True)


def test_one_tenants_keys_are_replaced_without_touching_the_others() -> None:
    index = KeyIndex().with_tenant("a", {b"1": KeyEntry(LIVE)}).with_tenant("b", {b"2": KeyEntry(LIVE)})
    changed = index.with_tenant("a", {b"3": KeyEntry(LIVE)})
    assert set(changed.entries) == {b"2", b"3"} and set(index.entries) == {b"1", b"2"}


def test_keys_that_were_used_are_noted_once_and_taken_once() -> None:
    made = door(protected=True)
    made.admit(bearer(b"pk_live"))
    made.admit(bearer(b"pk_live"))
    assert (made._use.take(), made._use.take()) == (["key_1"], [])
