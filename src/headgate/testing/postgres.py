"""A throw-away PostgreSQL cluster from the system's own binaries, run as an unprivileged user, gone after the tests."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path

UNPRIVILEGED = ("postgres", "nobody")
START_TIMEOUT_S = 60
INITDB_OPTIONS = ("-U", "headgate", "-A", "trust", "-N", "-E", "UTF8", "--locale=C")
FAST_AND_LOSSY = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=60",
    "shared_buffers=32MB",
)


def find_binaries() -> Path | None:
    """The folder with `initdb` and `postgres`, newest version first; None when PostgreSQL is not installed."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: -int(each.parent.name.split(".")[0])
    )
    on_path = shutil.which("initdb")
    candidates = [*folders, *([Path(on_path).parent] if on_path else [])]
    return next(
        (each for each in candidates if (each / "initdb").exists() and (each / "postgres").exists()), None
    )


@contextlib.contextmanager
def cluster(binaries: Path) -> Generator[str, None, None]:
    """Run a cluster; yields the URL of its `postgres` database."""
    user = _unprivileged_user()
    folder = Path(tempfile.mkdtemp(prefix="headgate-pg-"))
    try:
        if user is not None:
            shutil.chown(folder, user=user)
        make = [str(binaries / "initdb"), "-D", str(folder / "data"), *INITDB_OPTIONS]
        subprocess.run(
            [*_as_user(user), *make], check=True, capture_output=True, timeout=START_TIMEOUT_S, cwd=folder
        )
        with _server(binaries, folder, user) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _server(binaries: Path, folder: Path, user: str | None) -> Generator[str, None, None]:
    port = _free_port()
    run = [
        str(binaries / "postgres"),
        "-D",
        str(folder / "data"),
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        "-k",
        str(folder),
    ]
    options = [part for setting in FAST_AND_LOSSY for part in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [*_as_user(user), *run, *options],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True,
        )  # fmt: skip
    ready = f'"{binaries}/pg_isready" -q -h 127.0.0.1 -p {port}'
    try:
        subprocess.run(
            ["/bin/sh", "-c", f"for i in $(seq 600); do {ready} && exit 0; sleep 0.1; done; exit 1"],
            check=True, timeout=START_TIMEOUT_S,
        )  # fmt: skip
        yield f"postgresql://headgate@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGINT)  # "fast" shutdown
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(5)


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root: who runs it then. None: we are not root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in names)


def _as_user(user: str | None) -> list[str]:
    """The words before a command that run it as `user` and end it when the tests are killed."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        if user is not None:
            raise RuntimeError("setpriv (util-linux) is needed to run PostgreSQL from a root shell")
        return []
    who = (
        [] if user is None else ["--reuid", user, "--regid", str(pwd.getpwnam(user).pw_gid), "--clear-groups"]
    )
    return [setpriv, "--pdeathsig", "TERM", *who]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
