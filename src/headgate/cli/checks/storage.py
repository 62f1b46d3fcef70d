"""Data folder, database, disk and spool."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it ships none

from headgate.cli.checks import Finding
from headgate.cli.checks.processes import lock_holder
from headgate.config import Settings
from headgate.config_values import size_text, without_password
from headgate.store.folder import is_in_use
from headgate.store.migrate import HEAD, REVISIONS, current_revision
from headgate.store.spool.segment import SUFFIX

GIB = 2**30
LOCK_WAIT_S = 3.0
DATABASE_ERRORS = (OSError, sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


def folder(settings: Settings) -> Iterator[Finding]:
    """Can the data folder be written, and do only its owner's eyes see it?"""
    path = settings.data_dir
    if not path.exists():
        parent = next(each for each in path.absolute().parents if each.exists())
        if os.access(parent, os.W_OK | os.X_OK):
            yield Finding("data folder", "ok", f"{path} will be made at the first start.")
        else:
            yield Finding(
                "data folder",
                "bad",
                f"{path} cannot be made: {parent} is not writable.",
                f"Use --data-dir, or give yourself the rights: chown $USER {parent}",
            )
        return
    closed = [
        each
        for each in (path, *(path / name for name in ("spool", "keys", "run")))
        if each.exists() and not os.access(each, os.W_OK | os.X_OK)
    ]
    if not path.is_dir() or closed:
        yield Finding(
            "data folder",
            "bad",
            f"{(closed or [path])[0]} is not a folder that can be written.",
            f"chown -R $USER {path} && chmod -R u+rwX {path}",
        )
        return
    if is_in_use(path):
        holder = lock_holder(path / "lock")
        yield Finding(
            "data folder",
            "ok",
            f"{path} is in use by {holder or 'another process'}. Only one gateway can run on it.",
        )
    else:
        yield Finding("data folder", "ok", f"{path} can be written, and no gateway runs on it.")
    open_to_others = [each for each in (path / "keys").glob("*") if stat.S_IMODE(each.stat().st_mode) & 0o077]
    if open_to_others:
        yield Finding(
            "data folder",
            "warn",
            f"{open_to_others[0]} can be read by other users.",
            f"chmod 600 {path / 'keys'}/*",
        )


def database(settings: Settings) -> Iterator[Finding]:
    """Does the database answer, with a schema that this program knows?"""
    shown = without_password(settings.main_db_url)
    try:
        found = current_revision(settings.main_db_url)
    except DATABASE_ERRORS as error:
        yield Finding(
            "database", "bad", f"{shown} cannot be reached: {_reason(error)}.", _database_cure(settings)
        )
        return
    if found is None:
        yield Finding("database", "ok", f"{shown} is new; the first start makes its tables.")
    elif found not in REVISIONS:
        yield Finding(
            "database",
            "bad",
            f"{shown} has schema {found}, newer than {HEAD}, the newest this version knows.",
            "Start the version that wrote it, or restore the backup from before the upgrade.",
        )
    elif found != HEAD:
        yield Finding("database", "ok", f"{shown} has schema {found}; the next start brings it to {HEAD}.")
    else:
        yield Finding("database", "ok", f"{shown} answers, schema {found}.")
    if found is not None and settings.main_db_url.startswith("sqlite"):
        yield from _locked(Path(settings.main_db_url.removeprefix("sqlite:///")))


def _locked(path: Path) -> Iterator[Finding]:
    try:
        with closing(sqlite3.connect(path, timeout=LOCK_WAIT_S, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        yield Finding(
            "database",
            "bad",
            f"{path} cannot be written: {error}.",
            "End the program that holds it open (fuser names it), or give yourself the rights to the file and its folder.",
        )


def _reason(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _database_cure(settings: Settings) -> str:
    if settings.main_db_url.startswith("sqlite"):
        return "Check that the file is a SQLite database and that you may read it; else restore a backup."
    return "Check that PostgreSQL runs, and host, user, password and database in HEADGATE_DATABASE_URL."


def disk(settings: Settings) -> Iterator[Finding]:
    """Is there room for the spool and the database?"""
    path = next(
        each
        for each in (settings.data_dir.absolute(), *settings.data_dir.absolute().parents)
        if each.exists()
    )
    usage = shutil.disk_usage(path)
    free = f"{usage.free / GIB:.1f} GiB of {usage.total / GIB:.1f} GiB are free"
    needed = 2 * settings.spool_segment_bytes
    cure = "Make room, lower HEADGATE_RETENTION_DAYS or HEADGATE_RETENTION_MAX_BYTES, or move the folder with --data-dir."
    if usage.free < needed:
        yield Finding("disk", "bad", f"{free} at {path}; the spool alone needs {size_text(needed)}.", cure)
    elif usage.free < min(GIB, usage.total // 20) or usage.free < usage.total // 50:
        yield Finding("disk", "warn", f"Nearly full: {free} at {path}.", cure)
    else:
        yield Finding("disk", "ok", f"{free}.")


def spool(settings: Settings) -> Iterator[Finding]:
    """Is the record keeping up with the calls?"""
    segments = [each for each in (settings.data_dir / "spool").glob(f"*/*{SUFFIX}") if each.exists()]
    taken = sum(each.stat().st_blocks * 512 for each in segments)
    if taken * 2 > settings.spool_max_bytes:
        yield Finding(
            "spool",
            "bad",
            f"{len(segments)} files, {taken / GIB:.2f} GiB: more than half of what they may take. Then calls are refused.",
            "See why the database does not take the rows (check `database` above and the log lines of the drain).",
        )
    elif segments and not is_in_use(settings.data_dir):
        yield Finding(
            "spool",
            "ok",
            f"{len(segments)} files are left from the last run; the next start moves what is in them to the database.",
        )
    else:
        yield Finding("spool", "ok", f"{len(segments)} files, {taken / 2**20:.0f} MiB.")
