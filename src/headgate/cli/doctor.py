"""`headgate doctor`: look at everything a gateway needs, say what is wrong and how to mend it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict

import typer

from headgate.cli.checks import Finding, machine, storage, upstream
from headgate.cli.options import AsJson, ConfigFile, DataDir
from headgate.cli.output import show_json
from headgate.config import ConfigError, Loaded, load
from headgate.modules.settings import BadModuleConfig, configure

HELP = """Check settings, data folder, port, database, provider, disk and limits.

Each line says what was found and, where something is wrong, how to mend it. Exit status 1 when something is wrong.
The provider is really asked for its list of models; nothing else leaves this machine.
"""
MARKS = {"ok": "ok   ", "warn": "warn ", "bad": "BAD  "}


def add_to(app: typer.Typer) -> None:
    app.command("doctor", help=HELP)(doctor)


def doctor(data_dir: DataDir = None, config: ConfigFile = None, json: AsJson = False) -> None:
    overrides = {"data_dir": data_dir, "config": config}
    findings: list[Finding] = []
    try:
        loaded = load(overrides)
        findings += _settings(loaded)
    except ConfigError as error:
        findings += [Finding("settings", "bad", problem) for problem in error.problems]
        loaded = _anyhow(overrides)
    if loaded is not None:
        findings += _machine(loaded)
    if json:
        show_json({"ok": not _is_bad(findings), "findings": [asdict(finding) for finding in findings]})
    else:
        _print(findings)
    if _is_bad(findings):
        raise typer.Exit(1)


def _anyhow(overrides: Mapping[str, object]) -> Loaded | None:
    """The settings in spite of what forbids to serve with them; None when they cannot be read at all."""
    try:
        return load(overrides, serving=False)
    except ConfigError:
        return None


def _settings(loaded: Loaded) -> list[Finding]:
    findings = [
        Finding("settings", "warn", warning, "Correct the name, or remove the variable.")
        for warning in loaded.warnings
    ]
    try:
        configure(loaded.settings)
    except BadModuleConfig as error:
        findings.append(Finding("settings", "bad", str(error), "Correct `modules` in the settings."))
    if not loaded.settings.protected:
        findings.append(Finding("mode", "ok", "Open mode: whoever reaches the port is admin.", ""))
    return findings or [Finding("settings", "ok", "All settings are known and in range.")]


def _machine(loaded: Loaded) -> list[Finding]:
    settings = loaded.settings
    findings = [*storage.folder(settings), *machine.port(settings), *storage.database(settings)]
    answer, about_provider = asyncio.run(upstream.provider(settings))
    findings += about_provider
    findings += [*storage.disk(settings), *storage.spool(settings), *machine.tls(settings)]
    findings += [*machine.clock(settings, answer), *machine.file_limit(settings)]
    return findings


def _is_bad(findings: list[Finding]) -> bool:
    return any(finding.state == "bad" for finding in findings)


def _print(findings: list[Finding]) -> None:
    for finding in findings:
        typer.echo(f"{MARKS[finding.state]} {finding.check}: {finding.what}")
        if finding.cure:
            typer.echo(f"       -> {finding.cure}")
    bad = sum(finding.state == "bad" for finding in findings)
    warned = sum(finding.state == "warn" for finding in findings)
    typer.echo("" if bad or warned else "\nEverything is in order.", nl=not (bad or warned))
    if bad or warned:
        typer.echo(f"\n{bad} wrong, {warned} to look at.")
