"""`headgate verify`: walk every hash chain and name the first row or event that is not what was written."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.options import AsJson, ConfigFile, DataDir, fail, settings_of
from headgate.cli.output import show_json
from headgate.cli.session import work
from headgate.govern.ledger.checkpoints import PublicKey
from headgate.govern.ledger.export import BadExport, examine
from headgate.govern.ledger.walk import Marks
from headgate.record.runs.verification import Report, TenantReport, verify_all
from headgate.store.engine import Database

HELP = """Verify the hash chains of the ledger and of the runs, and the ledger against its signed checkpoints.

With EXPORT, a file from GET /api/trust/ledger/export, and the public key (keys/ledger.pub of the server's data folder, or
public_key of GET /api/trust/ledger/checkpoints): verify that file alone. No server and no database is needed for it.

Exit status 0: everything is as it was written. 1: something was changed, removed or put in; each is named.
"""


def add_to(app: typer.Typer) -> None:
    app.command("verify", help=HELP)(verify)


ExportFile = Annotated[
    Path | None,
    typer.Argument(metavar="[EXPORT]", exists=True, dir_okay=False, help="An export of a ledger."),
]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key", exists=True, dir_okay=False, help="The public key to check EXPORT with."),
]


def verify(
    export: ExportFile = None, key: KeyFile = None, data_dir: DataDir = None, config: ConfigFile = None, json: AsJson = False
) -> None:  # fmt: skip
    if export is not None:
        _verify_file(export, key, as_json=json)
        return
    settings = settings_of(data_dir, config)
    report = work(settings, lambda database: _verify(database, settings.data_dir))
    if json:
        show_json({"ok": report.ok, **asdict(report)})
    else:
        for tenant in report.tenants:
            _tell(tenant)
        if not report.tenants:
            typer.echo("There is nothing to verify yet.")
    if not report.ok:
        raise typer.Exit(1)


def _verify_file(path: Path, key: Path | None, *, as_json: bool) -> None:
    if key is None:
        fail("Say with --key which public key the export is to be checked with.")
    try:
        with path.open("rb") as file:
            found = examine(file, PublicKey.from_pem(key.read_bytes()))
    except BadExport as error:
        fail(f"{path} is not an export of a ledger: {error}.")
    except ValueError as error:
        fail(f"{key} holds no public key: {error}.")
    if as_json:
        show_json(asdict(found))
    elif found.ok:
        typer.echo(
            f"good  {found.tenant}: {found.rows} entries, {found.anchored} covered by {found.checkpoints} signed checkpoints"
        )
    else:
        typer.echo(f"BAD   {found.tenant}: entry {found.first_bad}: {found.reason}")
    if not found.ok:
        raise typer.Exit(1)


async def _verify(database: Database, data_dir: Path) -> Report:
    async with database.reading() as db:
        return await verify_all(db, Marks.of(data_dir))


def _tell(report: TenantReport) -> None:
    waiting = f", {report.waiting} acts not chained yet" if report.waiting else ""
    signed = (
        f" ({report.anchored} covered by {report.checkpoints} signed checkpoints)" if report.anchored else ""
    )
    counts = f"{report.ledger_rows} acts{signed}, {report.runs} runs, {report.events} events{waiting}"
    typer.echo(f"{'BAD ' if report.problem_count else 'good'}  {report.tenant}: {counts}")
    for problem in report.problems:
        typer.echo(f"      {problem.what} {problem.id}: {problem.reason}")
    if report.problem_count > len(report.problems):
        typer.echo(f"      and {report.problem_count - len(report.problems)} more")
