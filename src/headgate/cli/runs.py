"""`headgate runs`: look at what is on record, from the database of a running or a stopped gateway."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from headgate.call.caller import DEFAULT_TENANT
from headgate.cli.options import AsJson, ConfigFile, DataDir, TenantOption, settings_of
from headgate.cli.output import show_json, show_table, usd
from headgate.cli.session import operator, work
from headgate.config import Settings
from headgate.kernel.clock import SystemClock, parse_time
from headgate.kernel.ids import Ids
from headgate.kernel.json import encode
from headgate.kernel.pages import MAX_LIMIT, Page, page_body
from headgate.record.runs import service, views
from headgate.record.runs.hot import Recorder, RecorderConfig
from headgate.record.runs.queries.reading import RunFilter
from headgate.store.engine import Database

LIST_HELP = """List runs, newest first.

\b
  headgate runs list --route exact_cache
  headgate runs list --since 2027-01-01T00:00 --model gpt-4o-mini --json
"""


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="Look at the runs on record.", no_args_is_help=True)
    group.command("list", help=LIST_HELP)(list_runs)
    group.command("show", help="Show one run with its events, its cost and its bodies.")(show)
    app.add_typer(group, name="runs")


def _time(text: str | None) -> int | None:
    try:
        return parse_time(text) if text else None
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is not a time. Use ISO 8601 or seconds since 1970.") from None


def _look(settings: Settings, db: Any, tenant: str) -> service.Look:
    """A reader of what is drained; its recorder is never started, so it writes nothing."""
    clock = SystemClock()
    recorder = Recorder(RecorderConfig.from_settings(settings), clock, Ids(clock))
    return service.Look(db, operator(tenant), recorder, clock)


def list_runs(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=MAX_LIMIT, help="How many.")] = 20,
    route: Annotated[str | None, typer.Option("--route", help="live, exact_cache, blocked, ...")] = None,
    status: Annotated[
        str | None, typer.Option("--status", help="completed, failed, cancelled, interrupted, ...")
    ] = None,
    app: Annotated[str | None, typer.Option("--app")] = None,
    model: Annotated[str | None, typer.Option("--model")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Began at this time or later.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Began before this time.")] = None,
    text: Annotated[
        str | None, typer.Option("--search", help="Text in preview, model, app, agent or error.")
    ] = None,
    tenant: TenantOption = DEFAULT_TENANT,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    settings = settings_of(data_dir, config)
    chosen = RunFilter(route, status, app, None, model, _time(since), _time(until), text)
    page = Page(limit)

    async def job(database: Database) -> dict[str, Any]:
        async with database.reading() as db:
            lines, total, _ = await service.listed(_look(settings, db, tenant), chosen, page)
        return jsonlib.loads(encode(page_body("runs", lines, page, total)))

    body = work(settings, job)
    if json:
        show_json(body)
        return
    show_table(
        ("id", "at", "status", "route", "model", "cost", "saved", "preview"),
        [_row(run) for run in body["runs"]],
        empty="No runs.",
    )


def _row(run: Mapping[str, Any]) -> tuple[str, ...]:
    preview = " ".join(str(run["preview"]).split())[:40]
    cost, saved = usd(run["costUsd"]), usd(run["savedUsd"])
    return (run["id"], run["createdAt"][:19], run["status"], run["route"], run["model"], cost, saved, preview)


def show(
    run_id: Annotated[str, typer.Argument(help="Id of the run, as `x-punk-run-id` or `runs list` gave it.")],
    tenant: TenantOption = DEFAULT_TENANT,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    settings = settings_of(data_dir, config)

    async def job(database: Database) -> dict[str, Any]:
        async with database.reading() as db:
            run = await service.found(_look(settings, db, tenant), run_id)
        shown = views.detail(run.line, run.details, run.bodies) | {
            "feedback": run.feedback,
            "payloadRemoved": run.removed,
        }
        chain = run.integrity is None or run.integrity.ok
        return {"run": shown, "events": run.events, "sideEffects": run.effects, "chainOk": chain}

    body = jsonlib.loads(encode(work(settings, job)))
    if json:
        show_json(body)
        return
    run: dict[str, Any] = body["run"]
    for name, value in run.items():
        if value not in (None, "", [], {}):
            typer.echo(
                f"{name:18} {value if isinstance(value, str) else jsonlib.dumps(value, ensure_ascii=False)}"
            )
    typer.echo(f"{'chain':18} {'verified' if body['chainOk'] else 'BROKEN'}")
    for event in body["events"]:
        typer.echo(
            f"  {event['at']}  {event['type']}  {jsonlib.dumps(event.get('payload'), ensure_ascii=False)[:200]}"
        )
