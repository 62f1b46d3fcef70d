"""Writes docs/reference/ from the code: settings, routes, modules, errors, events. `--check` only compares."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import headgate
from headgate.config import Settings
from headgate.config_values import rule_of, shown, variable_of
from headgate.control import routers
from headgate.kernel.errors import GatewayError
from headgate.modules.order import ORDER
from headgate.operate.webhooks import events
from tools.write_fields import fields

REFERENCE = Path("docs/reference")
NOTE = "<!-- Written by `make docs` from the code. Change the code, not this page. -->\n"


class MissingSentence(Exception):
    """Something has no sentence that says what it is."""


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return (
        "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
        + "\n"
    )


def settings() -> str:
    rows: list[list[str]] = []
    for each in dataclasses.fields(Settings):
        rule = rule_of(each)
        if not rule.sentence.strip():
            raise MissingSentence(f"the setting {each.name} has no sentence")
        names = [f"`{name}`" for name in (variable_of(each.name), *rule.also)]
        if rule.flag:
            names.append(f"`{rule.flag}`")
        default = shown(each, getattr(Settings(), each.name))
        later = f" Read, without effect yet: for {rule.used_by}." if rule.used_by else ""
        rows.append(
            [f"`{each.name}`", "<br>".join(names), f"`{default}`" if default else "", rule.sentence + later]
        )
    return (
        "# Settings\n\nThe strongest wins: command line, `HEADGATE_*`, `PUNK_*` and the other names of the second"
        " column, the YAML file (`--config`), the default. `.env` in the working folder is read, and never beats a real"
        " variable. An empty variable counts as unset."
        " A secret, and an address with a password in it, can come from a file: `HEADGATE_API_KEY_FILE=/run/secrets/key`."
        " Sizes may be written `64MiB`; times are seconds, or milliseconds where the name ends in `_ms`; lists have commas.\n\n"
        "`headgate config show` prints the values and where each came from; `headgate config check` says what is wrong.\n\n"
        + table(("setting", "variables and option", "default", "what it does"), rows)
    )


def routes() -> str:
    rows: list[tuple[str, str, str, str]] = []
    for router in routers(Settings()):
        for route in router.api.routes:
            given: Any = route
            extra: dict[str, Any] = given.openapi_extra or {}
            words = " ".join((given.description or "").split())
            if not words:
                raise MissingSentence(f"the route {given.path} has no docstring")
            alias = f" Same as `{extra['x-alias-of']}`." if extra.get("x-alias-of") else ""
            rows.extend(
                (given.path, method, extra["x-right"], words + alias) for method in sorted(given.methods)
            )
    found = [[f"`{method}`", f"`{path}`", f"`{right}`", words] for path, method, right, words in sorted(rows)]
    return (
        "# Routes\n\nEvery route there is, with the right it needs. `public` needs no key. The full description, with bodies and"
        " answers, is the OpenAPI document at `/api/openapi.json`.\n\n"
        + table(("method", "path", "right", "what it does"), found)
    )


def modules() -> str:
    parts = [
        "# Modules\n\nIn the order in which they run. Configure them under `modules` in the settings, by name or alias.\n"
    ]
    for kind in ORDER:
        spec = kind.spec
        if not spec.summary.strip():
            raise MissingSentence(f"the module {spec.name} has no summary")
        also = f" Also called {', '.join(f'`{alias}`' for alias in spec.aliases)}." if spec.aliases else ""
        rows = [
            [
                f"`{name}`",
                f"`{field.get_default(call_default_factory=True)!r}`"
                if not field.is_required()
                else "required",
                field.description or "Whether it runs.",
            ]
            for name, field in kind.Config.model_fields.items()
        ]
        for name, field in kind.Config.model_fields.items():
            if name != "enabled" and not field.description:
                raise MissingSentence(f"the field {name} of the module {spec.name} has no description")
        breaks = "the call is refused" if spec.on_break == "block" else "it is left out, and the call goes on"
        parts.append(
            f"## {spec.name}\n\n{spec.summary}{also} Phase `{spec.phase.name.lower()}`, category `{spec.category}`."
            f" If it breaks, {breaks}.\n\n" + table(("field", "default", "what it does"), rows)
        )
    return "\n".join(parts)


def errors() -> str:
    for module in pkgutil.walk_packages(headgate.__path__, "headgate."):
        if module.name.rpartition(".")[2] in (
            "service",
            "hot",
            "errors",
            "bodies",
            "dispatch",
            "upstream",
            "intake",
        ):
            importlib.import_module(module.name)
    found = sorted(
        set(_subclasses(GatewayError)) - {GatewayError},
        key=lambda each: (each.status, each.code, each.__name__),
    )
    rows = [[str(each.status), f"`{each.code}`", f"`{each.kind}`", _where(each)] for each in found]
    return (
        '# Errors\n\n`/v1/*` answers with the OpenAI object `{"error": {message, type, param, code, status}}`; `/api/v1/*` with'
        ' `{"error": message, "code": "punk_...", "status"}`; `/api/*` with `{"error": {code, message, status}}`.\n\n'
        + table(("status", "code", "type on /v1", "raised by"), rows)
    )


def _where(kind: type[GatewayError]) -> str:
    return f"`{kind.__module__.removeprefix('headgate.')}.{kind.__name__}`"


def _subclasses(kind: type[GatewayError]) -> Iterator[type[GatewayError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _subclasses(each)


def event_names() -> str:
    missing = (events.NAMES | set(events.FAMILIES)) - events.MEANINGS.keys()
    if missing:
        raise MissingSentence(f"the events {', '.join(sorted(missing))} have no sentence in MEANINGS")
    names = [
        [f"`{name}*`" if name in events.FAMILIES else f"`{name}`", meaning]
        for name, meaning in sorted(events.MEANINGS.items())
    ]
    return (
        "# Events\n\nNames that a webhook can be subscribed to; `*` means all of them. An event is written into the outbox in"
        " the transaction of what it tells of. Names of features that are not there yet are known, and do not fire.\n\n"
        + table(("event", "when"), names)
    )


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings,
    "routes.md": routes,
    "modules.md": modules,
    "errors.md": errors,
    "events.md": event_names,
    "fields.md": lambda: fields(table),
}


def stale(folder: Path) -> list[str]:
    """The pages that are not what the code says."""
    return [
        name for name, write in PAGES.items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != NOTE + write()
    ]  # fmt: skip


def main() -> int:
    """Write the pages, or say which are stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; status 1 when a page is stale")
    if parser.parse_args().check:
        old = stale(REFERENCE)
        for name in old:
            print(f"{REFERENCE / name} is stale: run `make docs`", file=sys.stderr)
        return 1 if old else 0
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, write in PAGES.items():
        (REFERENCE / name).write_text(NOTE + write(), encoding="utf-8")
        print(f"wrote {REFERENCE / name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
