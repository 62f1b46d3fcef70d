"""`headgate serve` and `headgate worker`: read the settings, then hand over to the program itself."""

from __future__ import annotations

import errno
import importlib
from pathlib import Path
from typing import Annotated, Any

import typer

from headgate.cli.options import ConfigFile, DataDir, fail, load_or_exit
from headgate.config import Settings
from headgate.store.folder import DataFolderInUse

SERVE_HELP = """Run the gateway, and beside it the worker for background jobs.

Every option is also a setting: HEADGATE_PORT, HEADGATE_DATA_DIR, ... (`headgate config show` lists all of them).

\b
  headgate serve
  headgate serve --port 4200 --data-dir /srv/second     a second, separate instance
  OPENAI_API_KEY=sk-... headgate serve                   use OpenAI; without a key the built-in mock answers
  HEADGATE_API_KEY=secret headgate serve --host 0.0.0.0  protected mode: every call needs a key
"""
WORKER_HELP = (
    "Run the worker for background jobs. `serve` starts it by itself; use this with `serve --no-worker`."
)


def add_to(app: typer.Typer) -> None:
    app.command("serve", help=SERVE_HELP)(serve)
    app.command("worker", help=WORKER_HELP)(worker)


def _option(name: str, text: str, *more: str) -> Any:
    return typer.Option(name, *more, help=text, show_default=False)


def serve(
    host: Annotated[str | None, _option("--host", "Address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, _option("--port", "Port to listen on. [default: 4100]")] = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    workers: Annotated[
        int | None, _option("--workers", "Number of gateway processes. Only 1 is available yet.")
    ] = None,
    worker: Annotated[
        bool | None, _option("--worker/--no-worker", "Whether to start the worker. [default: yes]")
    ] = None,
    root_path: Annotated[
        str | None, _option("--root-path", "Path under which a proxy shows the gateway.")
    ] = None,
    tls_cert: Annotated[Path | None, _option("--tls-cert", "TLS certificate chain (PEM).")] = None,
    tls_key: Annotated[Path | None, _option("--tls-key", "Private key of the certificate (PEM).")] = None,
    log_level: Annotated[
        str | None, _option("--log-level", "debug, info, warning or error. [default: info]")
    ] = None,
) -> None:
    overrides = {
        "host": host, "port": port, "data_dir": data_dir, "config": config, "workers": workers, "worker": worker,
        "root_path": root_path, "tls_cert": tls_cert, "tls_key": tls_key, "log_level": log_level,
    }  # fmt: skip
    settings = load_or_exit(overrides, serving=True).settings
    raise typer.Exit(_run(settings))


def _run(settings: Settings) -> int:
    """Hand over, and say what stands in the way in words."""
    program = importlib.import_module("headgate.app")  # heavy: everything there is
    migration = importlib.import_module("headgate.store.migrate")
    try:
        return int(program.serve(settings))
    except DataFolderInUse as error:
        fail(f"{error} Stop it, or choose another folder with --data-dir.")
    except migration.SchemaTooNew as error:
        fail(str(error))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            fail(
                f"Port {settings.port} on {settings.host} is taken. Choose another with --port; `headgate doctor` says by whom."
            )
        if error.errno == errno.EADDRNOTAVAIL:
            fail(f"This machine does not have the address {settings.host}. Choose another with --host.")
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            fail(
                f"{error.strerror}: {error.filename or f'port {settings.port}'}. `headgate doctor` says more."
            )
        raise


def worker(
    data_dir: DataDir = None,
    config: ConfigFile = None,
    parent_pipe: Annotated[int | None, typer.Option("--parent-pipe", hidden=True)] = None,
) -> None:
    settings = load_or_exit({"data_dir": data_dir, "config": config}).settings
    uvloop = importlib.import_module("uvloop")
    importlib.import_module("headgate.kernel.logging").configure(
        level=settings.log_level, json_lines=settings.log_json
    )
    program = importlib.import_module("headgate.worker")
    raise typer.Exit(int(uvloop.run(program.run(settings, parent_pipe=parent_pipe))))
