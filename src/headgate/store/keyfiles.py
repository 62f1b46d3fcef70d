"""Secret files under the data folder's `keys/`: made once, readable by their owner only, never written over."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path


def random_secret() -> bytes:
    return os.urandom(32)


def internal_token() -> bytes:
    """The credential of our own processes on the unix socket."""
    return b"hg_internal_" + secrets.token_hex(32).encode()


def read_or_make(path: Path, make: Callable[[], bytes] = random_secret) -> bytes:
    """The secret in `path`; the first of several processes that ask makes it."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first
            os.link(fresh, path)  # unlike a rename, it never replaces what is there
    finally:
        fresh.unlink()
    return path.read_bytes()
