"""Payloads at rest: the bodies of one subject's runs in a batch, compressed together, encrypted with the subject's key.

`address = HMAC(tenant's address key, subject, compressed bytes)`. A subject's key is wrapped by the
payload key of the data folder.
"""

from __future__ import annotations

import hmac
import os
from collections import OrderedDict
from dataclasses import dataclass

import msgspec
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
LEVEL = 1
MAX_PLAIN_BYTES = 256 * 1024 * 1024  # more never comes out of a group, whatever it claims
_KEPT_KEYS = 4096

Bodies = tuple[str, bytes, bytes]  # run id, request, response
_decode_group = msgspec.msgpack.Decoder(list[Bodies]).decode
_encode_group = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """The key of one subject, ready for use, and its id. Never shown."""

    key_id: str
    cipher: AESGCM


class Vault:
    """Wraps and unwraps subjects' keys, and seals and opens groups with them."""

    def __init__(self, master: bytes) -> None:
        self._master = master
        self._wrapping = AESGCM(hmac.digest(master, b"headgate wrapping key", "sha256"))
        self._pack = zstandard.ZstdCompressor(level=LEVEL).compress
        self._unpack = zstandard.ZstdDecompressor()
        self._address_keys: OrderedDict[str, bytes] = OrderedDict()

    def new_key(self, key_id: str) -> tuple[SubjectKey, bytes]:
        """A fresh key and its wrapped form."""
        raw, nonce = AESGCM.generate_key(256), os.urandom(NONCE)
        return SubjectKey(key_id, AESGCM(raw)), nonce + self._wrapping.encrypt(nonce, raw, key_id.encode())

    def unwrap(self, key_id: str, wrapped: bytes) -> SubjectKey:
        """The key again. Raises PayloadDamaged when these are not the bytes that were wrapped under this id."""
        try:
            raw = self._wrapping.decrypt(wrapped[:NONCE], wrapped[NONCE:], key_id.encode())
        except (InvalidTag, ValueError) as error:
            raise PayloadDamaged(key_id) from error
        return SubjectKey(key_id, AESGCM(raw))

    def seal(self, tenant: str, subject: str, key: SubjectKey, group: list[Bodies]) -> tuple[bytes, bytes]:
        """The address and the encrypted bytes of a group."""
        packed = self._pack(_encode_group(group))
        address = self._address(tenant, subject, packed)
        nonce = os.urandom(NONCE)
        return address, nonce + key.cipher.encrypt(
            nonce, packed, _bound(tenant, subject, key.key_id, address)
        )

    def open(self, tenant: str, subject: str, key: SubjectKey, address: bytes, data: bytes) -> list[Bodies]:
        """The group again. Raises PayloadDamaged when these are not the bytes that were sealed for this row."""
        try:
            packed = key.cipher.decrypt(
                data[:NONCE], data[NONCE:], _bound(tenant, subject, key.key_id, address)
            )
            return _decode_group(self._unpack.decompress(packed, max_output_size=MAX_PLAIN_BYTES))
        except (InvalidTag, ValueError, zstandard.ZstdError, msgspec.MsgspecError) as error:
            raise PayloadDamaged(str(address.hex())) from error

    def _address(self, tenant: str, subject: str, packed: bytes) -> bytes:
        key = self._address_keys.get(tenant)
        if key is None:
            key = self._address_keys[tenant] = hmac.digest(
                self._master, b"address\0" + tenant.encode(), "sha256"
            )
            if len(self._address_keys) > _KEPT_KEYS:
                self._address_keys.popitem(last=False)
        return hmac.digest(key, subject.encode() + b"\0" + packed, "sha256")


class PayloadDamaged(Exception):
    """The stored bytes of a payload are not what was written."""


def _bound(tenant: str, subject: str, key_id: str, address: bytes) -> bytes:
    return b"\0".join((tenant.encode(), subject.encode(), key_id.encode(), address))
