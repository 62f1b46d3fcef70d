"""`headgate verify`: walk every hash chain and name the first row or event that is not what was written."""

from __future__ import annotations

from dataclasses import asdict

import typer

from headgate.cli.options import AsJson, ConfigFile, DataDir, settings_of
from headgate.cli.output import show_json
from headgate.cli.session import work
from headgate.record.runs.verification import Report, TenantReport, verify_all
from headgate.store.engine import Database

HELP = """Verify the hash chains of the ledger and of the runs.

Exit status 0: everything is as it was written. 1: something was changed, removed or put in; each is named.
"""


def add_to(app: typer.Typer) -> None:
    app.command("verify", help=HELP)(verify)


def verify(data_dir: DataDir = None, config: ConfigFile = None, json: AsJson = False) -> None:
    report = work(settings_of(data_dir, config), _verify)
    if json:
        show_json({"ok": report.ok, **asdict(report)})
    else:
        for tenant in report.tenants:
            _tell(tenant)
        if not report.tenants:
            typer.echo("There is nothing to verify yet.")
    if not report.ok:
        raise typer.Exit(1)


async def _verify(database: Database) -> Report:
    async with database.reading() as db:
        return await verify_all(db)


def _tell(report: TenantReport) -> None:
    waiting = f", {report.waiting} acts not chained yet" if report.waiting else ""
    counts = f"{report.ledger_rows} acts, {report.runs} runs, {report.events} events{waiting}"
    typer.echo(f"{'BAD ' if report.problem_count else 'good'}  {report.tenant}: {counts}")
    for problem in report.problems:
        typer.echo(f"      {problem.what} {problem.id}: {problem.reason}")
    if report.problem_count > len(report.problems):
        typer.echo(f"      and {report.problem_count - len(report.problems)} more")
