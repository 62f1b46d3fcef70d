"""Signed checkpoints of the ledger's trees: made by the drain, written to an anchor file, checked by anyone with the public key.

The signed text is four lines: `headgate ledger 1 TENANT`, the size, the root in base64, the time in microseconds.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from headgate.govern.ledger import queries, tree
from headgate.kernel import json
from headgate.kernel.clock import Clock, to_us
from headgate.kernel.logging import get_log
from headgate.store.bulk import Bulk
from headgate.store.keyfiles import read_or_make

log = get_log("ledger")

EVERY_ROWS = 100
EVERY_US = 1_000_000
KEY_FILE, PUBLIC_FILE = Path("keys/ledger.key"), Path("keys/ledger.pub")
ANCHOR_FILE = Path("anchors/ledger.jsonl")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The root over the first `size` rows of a tenant's chain, signed."""

    tenant: str
    size: int
    root: bytes
    at_us: int
    key_id: str
    signature: bytes

    @property
    def text(self) -> bytes:
        """What is signed."""
        return _text(self.tenant, self.size, self.root, self.at_us)

    def as_json(self) -> dict[str, Any]:
        return {
            "tenant": self.tenant, "size": self.size, "root": self.root.hex(), "at_us": self.at_us, "key_id": self.key_id,
            "signature": base64.b64encode(self.signature).decode(),
        }  # fmt: skip

    @staticmethod
    def from_json(fields: dict[str, Any]) -> Checkpoint:
        """Raises KeyError, TypeError or ValueError when it is none."""
        return Checkpoint(
            str(fields["tenant"]), int(fields["size"]), bytes.fromhex(fields["root"]), int(fields["at_us"]),
            str(fields["key_id"]), base64.b64decode(fields["signature"], validate=True),
        )  # fmt: skip


def _text(tenant: str, size: int, root: bytes, at_us: int) -> bytes:
    return f"headgate ledger 1 {tenant}\n{size}\n{base64.b64encode(root).decode()}\n{at_us}\n".encode()


class PublicKey:
    """Checks signatures. `id` is the first half of the key's SHA-256, in hex."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = sha256(raw).hexdigest()[:32]
        self.pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @staticmethod
    def from_pem(pem: bytes) -> PublicKey:
        """Raises ValueError when `pem` holds no Ed25519 key."""
        key = load_pem_public_key(pem)
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError("not an Ed25519 key")  # noqa: TRY004 - the content of the file is wrong
        return PublicKey(key)

    def signed(self, checkpoint: Checkpoint) -> bool:
        """Is the checkpoint's signature of this key?"""
        try:
            self._key.verify(checkpoint.signature, checkpoint.text)
        except InvalidSignature:
            return False
        return True


class Notary:
    """Holds the signing key and the anchor file. Used by the drain's thread."""

    def __init__(self, data_dir: Path, clock: Clock) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(read_or_make(data_dir / KEY_FILE))
        self.public = PublicKey(self._key.public_key())
        public_file = data_dir / PUBLIC_FILE
        if not public_file.exists() or public_file.read_text(encoding="ascii") != self.public.pem:
            public_file.write_text(self.public.pem, encoding="ascii")
        self._anchor = data_dir / ANCHOR_FILE
        self._clock = clock
        self._last: dict[str, tuple[int, int]] | None = (
            None  # size and time of each tenant's newest checkpoint
        )

    def turn(self, db: Bulk) -> int:
        """Sign what is due, each in its own transaction. Returns how many checkpoints were made."""
        if self._last is None:
            self._last = queries.last_checkpoints(db)
        now_us = to_us(self._clock.now())
        made = 0
        for tenant, size in queries.heads(db):
            last_size, last_us = self._last.get(tenant, (0, 0))
            if size > last_size and (size - last_size >= EVERY_ROWS or now_us - last_us >= EVERY_US):
                self._make(db, tenant, size, now_us)
                self._last[tenant] = (size, now_us)
                made += 1
        return made

    def _make(self, db: Bulk, tenant: str, size: int, at_us: int) -> None:
        root = tree.root_now(db, tenant, size)
        signature = self._key.sign(_text(tenant, size, root, at_us))
        checkpoint = Checkpoint(tenant, size, root, at_us, self.public.id, signature)
        with db.transaction():
            queries.add_checkpoints(db, [(tenant, size, root, at_us, self.public.id, signature)])
        self._write(checkpoint)  # after the commit: the file must never know more than the database

    def _write(self, checkpoint: Checkpoint) -> None:
        line = json.encode(checkpoint.as_json()) + b"\n"
        self._anchor.parent.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(self._anchor, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, line)
        finally:
            os.close(handle)


def anchored(data_dir: Path, tenant: str = "") -> Iterator[Checkpoint]:
    """The checkpoints in the anchor file, oldest first. A line that is none is passed over (a crash cuts the last one)."""
    path = data_dir / ANCHOR_FILE
    if path.exists():
        with path.open("rb") as file:
            yield from _read(file, tenant)


def _read(lines: Iterable[bytes], tenant: str) -> Iterator[Checkpoint]:
    for line in lines:
        try:
            checkpoint = Checkpoint.from_json(json.decode(line))
        except (KeyError, TypeError, ValueError):
            continue
        if not tenant or checkpoint.tenant == tenant:
            yield checkpoint
