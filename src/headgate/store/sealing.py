"""Secrets at rest: AES-256-GCM with the id of the key that sealed them, bound to the row they stand in.

`sealed = id of the key (8 bytes) + nonce (12) + ciphertext`. A key file holds 32 bytes; the newest seals, every one opens.
"""

from __future__ import annotations

import hmac
import os
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from headgate.store.keyfiles import read_or_make

FOLDER, FIRST = "keys", "secrets.key"
PATTERN = "secrets*.key"  # after a rotation: secrets.key, secrets-2.key, ...
ID_BYTES, NONCE_BYTES = 8, 12


class CannotOpen(Exception):
    """What was sealed is damaged, stands in another row, or its key is gone."""


class Sealer:
    """Seals and opens the secrets of one kind (`purpose`): each kind has keys of its own, derived from those in the folder."""

    def __init__(self, data_dir: Path, purpose: str) -> None:
        self._purpose = purpose.encode()
        self._folder = data_dir / FOLDER
        read_or_make(self._folder / FIRST)
        self._keys: dict[bytes, AESGCM] = {}
        self._load()

    @property
    def key_id(self) -> bytes:
        """Of the key that seals: the newest one that is known."""
        return list(self._keys)[-1]

    def _load(self) -> None:
        masters = [path.read_bytes() for path in sorted(self._folder.glob(PATTERN), key=_number)]
        self._keys = {sha256(master).digest()[:ID_BYTES]: self._cipher(master) for master in masters}

    def _cipher(self, master: bytes) -> AESGCM:
        return AESGCM(hmac.digest(master, b"headgate secret " + self._purpose, "sha256"))

    def seal(self, secret: bytes, row: str) -> bytes:
        """Encrypt `secret` for the row that is named so."""
        nonce = os.urandom(NONCE_BYTES)
        return self.key_id + nonce + self._keys[self.key_id].encrypt(nonce, secret, self._bound(row))

    def open(self, sealed: bytes, row: str) -> bytes:
        """The secret again. Raises CannotOpen."""
        if sealed[:ID_BYTES] not in self._keys:  # sealed by a process that started after a rotation
            self._load()
        cipher = self._keys.get(sealed[:ID_BYTES])
        if cipher is None:
            raise CannotOpen("the key it was sealed with is not in the keys folder")
        nonce = sealed[ID_BYTES : ID_BYTES + NONCE_BYTES]
        try:
            return cipher.decrypt(nonce, sealed[ID_BYTES + NONCE_BYTES :], self._bound(row))
        except (InvalidTag, ValueError) as error:
            raise CannotOpen("it is not what was sealed for this row") from error

    def renew(self, sealed: bytes, row: str) -> bytes:
        """The same secret, sealed with the newest key. Raises CannotOpen."""
        return self.seal(self.open(sealed, row), row)

    def is_current(self, sealed: bytes) -> bool:
        """Was it sealed with the newest key?"""
        return sealed[:ID_BYTES] == self.key_id

    def _bound(self, row: str) -> bytes:
        return self._purpose + b"\0" + row.encode()


def add_key(data_dir: Path) -> Path:
    """A new key file, which seals from now on: in processes that start later, and in those that meet what it sealed."""
    folder = data_dir / FOLDER
    last = max((_number(path) for path in folder.glob(PATTERN)), default=0)
    path = folder / (f"secrets-{last + 1}.key" if last else FIRST)
    read_or_make(path)
    return path


def _number(path: Path) -> int:
    _, _, number = path.stem.partition("-")
    return int(number) if number.isdigit() else 1
