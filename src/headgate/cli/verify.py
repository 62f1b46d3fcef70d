"""`headgate verify`: walk every hash chain and name the first row or event that is not what was written."""

from __future__ import annotations

from typing import Any

import typer

from headgate.cli.options import AsJson, ConfigFile, DataDir, settings_of
from headgate.cli.output import show_json
from headgate.cli.session import work
from headgate.govern.ledger import service as ledger
from headgate.store.engine import Database

HELP = """Verify the hash chains of the ledger and of the runs.

Exit status 0: everything is as it was written. 1: something was changed, removed or put in; the first bad one is named.
"""


def add_to(app: typer.Typer) -> None:
    app.command("verify", help=HELP)(verify)


def verify(data_dir: DataDir = None, config: ConfigFile = None, json: AsJson = False) -> None:
    reports = work(settings_of(data_dir, config), _reports)
    if json:
        show_json({"ok": all(report["ok"] for report in reports), "chains": reports})
    else:
        for report in reports:
            typer.echo(_sentence(report))
        if not reports:
            typer.echo("There is nothing to verify yet.")
    if not all(report["ok"] for report in reports):
        raise typer.Exit(1)


async def _reports(database: Database) -> list[dict[str, Any]]:
    reports: list[dict[str, Any]] = []
    async with database.reading() as db:
        for tenant in await ledger.tenants(db):
            verdict = await ledger.verify(db, tenant)
            bad = {"number": verdict.first_bad[0], "id": verdict.first_bad[1]} if verdict.first_bad else None
            reports.append({
                "chain": "ledger", "tenant": tenant, "ok": verdict.ok, "count": verdict.rows, "unchained": verdict.waiting,
                "firstBad": bad, "reason": verdict.reason,
            })  # fmt: skip
    return reports


def _sentence(report: dict[str, Any]) -> str:
    name = f"{report['chain']} of {report['tenant']}"
    if report["ok"]:
        waiting = f", {report['unchained']} not chained yet" if report["unchained"] else ""
        return f"good  {name}: {report['count']} rows{waiting}"
    bad: dict[str, Any] = report["firstBad"] or {}
    return f"BAD   {name}: row {bad.get('number')} {bad.get('id')}: {report['reason']}"
