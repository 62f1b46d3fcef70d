"""Payloads: only the right key, row and bytes open a group, and nothing of it can be read or guessed from outside."""

from __future__ import annotations

import os

import msgspec
import pytest
import zstandard

from headgate.record.runs import payloads
from headgate.record.runs.payloads import Bodies, PayloadDamaged, Vault

GROUP: list[Bodies] = [("run_1", b"question", b"answer"), ("run_2", b"", b"\x00\xff")]


@pytest.fixture
def vault() -> Vault:
    return Vault(b"k" * 32)


def test_a_group_comes_back_as_it_was(vault: Vault) -> None:
    key, _ = vault.new_key("sbk_1")
    address, data = vault.seal("ten_a", "anna", key, GROUP)

    opened = vault.open("ten_a", "anna", key, address, data)
    assert [tuple(each) for each in opened] == GROUP
    assert b"question" not in data


def test_a_key_is_unwrapped_by_its_own_vault_under_its_own_id_only(vault: Vault) -> None:
    key, wrapped = vault.new_key("sbk_1")
    address, data = vault.seal("ten_a", "anna", key, GROUP)

    assert vault.open("ten_a", "anna", Vault(b"k" * 32).unwrap("sbk_1", wrapped), address, data)
    with pytest.raises(PayloadDamaged):
        vault.unwrap("sbk_2", wrapped)
    with pytest.raises(PayloadDamaged):
        Vault(b"x" * 32).unwrap("sbk_1", wrapped)


@pytest.mark.parametrize("wrong", ["tenant", "subject", "key", "address", "data", "cut"])
def test_anything_else_than_what_was_sealed_is_damaged(vault: Vault, wrong: str) -> None:
    key, _ = vault.new_key("sbk_1")
    other, _ = vault.new_key("sbk_1")
    address, data = vault.seal("ten_a", "anna", key, GROUP)

    with pytest.raises(PayloadDamaged):
        vault.open(
            "ten_b" if wrong == "tenant" else "ten_a",
            "bert" if wrong == "subject" else "anna",
            other if wrong == "key" else key,
            bytes(32) if wrong == "address" else address,
            data[:-1] + bytes([data[-1] ^ 1]) if wrong == "data" else data[:5] if wrong == "cut" else data,
        )


def test_the_same_bodies_have_an_address_for_each_tenant_and_subject(vault: Vault) -> None:
    """Otherwise an address would tell whether somebody else asked the same."""
    key, _ = vault.new_key("sbk_1")
    addresses = [vault.seal(tenant, who, key, GROUP)[0] for tenant in ("a", "b") for who in ("x", "y", "x")]

    assert len(set(addresses)) == 4
    assert addresses[0] == addresses[2]


def test_two_seals_of_the_same_never_look_the_same(vault: Vault) -> None:
    key, _ = vault.new_key("sbk_1")

    assert vault.seal("a", "x", key, GROUP)[1] != vault.seal("a", "x", key, GROUP)[1]


def test_a_bomb_does_not_unfold(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payloads, "MAX_PLAIN_BYTES", 1000)
    key, _ = vault.new_key("sbk_1")
    stream = zstandard.ZstdCompressor().compressobj()  # without the size in its head
    packed = stream.compress(msgspec.msgpack.encode([("run_1", bytes(100_000), b"")])) + stream.flush()
    nonce, address = os.urandom(payloads.NONCE), bytes(32)
    bound = b"\0".join((b"a", b"x", b"sbk_1", address))

    with pytest.raises(PayloadDamaged):
        vault.open("a", "x", key, address, nonce + key.cipher.encrypt(nonce, packed, bound))
