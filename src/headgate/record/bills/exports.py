"""Reading providers' usage and cost exports, JSON and CSV, into lines of one form. Plain functions of text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, cast

from headgate.kernel import json
from headgate.kernel.errors import BadRequest

Provider = Literal["openai", "anthropic"]
MAX_LINES = 500_000

_CENTS = Decimal(100)
_DATED = re.compile(r"[-@](20\d\d-\d\d-\d\d|20\d{6})$")

# by the names that the two providers give them in their APIs and in the files of their consoles
DAY = ("start_time_iso", "starting_at", "usage_date_utc", "start_time", "date", "day")
MODEL = ("model", "model_version", "model_name")
REQUESTS = ("num_model_requests", "requests", "request_count")
INPUT = ("input_tokens",)  # cached ones among them
OUTPUT = ("output_tokens", "usage_output_tokens")
CACHED = ("input_cached_tokens", "cache_read_input_tokens", "usage_input_tokens_cache_read")
UNCACHED = ("uncached_input_tokens", "usage_input_tokens_no_cache")
WRITTEN = (
    "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens", "usage_input_tokens_cache_write_5m",
    "usage_input_tokens_cache_write_1h", "cache_creation_input_tokens",
)  # fmt: skip
COST_USD = ("amount_value", "cost_usd", "cost")
LINE_ITEM = ("line_item",)


@dataclass(slots=True)
class Line:
    """What a provider says of one day and model. None: this export does not say."""

    day: str
    model: str
    requests: int | None = None
    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None


@dataclass(slots=True)
class Export:
    """A read export: its lines, and what in it could not be used and why."""

    provider: Provider
    lines: list[Line] = field(default_factory=list[Line])
    unread: dict[str, int] = field(default_factory=dict[str, int])

    def pass_over(self, why: str) -> None:
        self.unread[why] = self.unread.get(why, 0) + 1


def read_export(text: str, provider: Provider | None) -> Export:
    """`text` as an export of `provider`, or of the one whose words it uses. Raises BadRequest."""
    text = text.lstrip("\ufeff \r\n\t")
    if not text:
        raise BadRequest("The export is empty.")
    rows = list(_json_rows(text) if text[0] in "{[" else _csv_rows(text))
    if not rows:
        raise BadRequest("The export has no rows.")
    names = {name for row in rows for name in row}
    export = Export(provider or _provider_of(names))
    for row in rows:
        _take(export, row)
    if not export.lines:
        raise BadRequest(
            "No row of the export names a day and a model with tokens or a cost.", unread=export.unread
        )
    return export


def base_model(name: str) -> str:
    """A model without the date of its version: providers bill the dated name of what was asked for by the plain one."""
    return _DATED.sub("", name.strip().lower())


def _provider_of(names: set[str]) -> Provider:
    if names & {*UNCACHED, "starting_at", "usage_date_utc", "usage_output_tokens", "token_type"}:
        return "anthropic"
    if names & {
        "num_model_requests",
        "input_cached_tokens",
        "line_item",
        "amount_value",
        "start_time_iso",
        "start_time",
    }:
        return "openai"
    raise BadRequest(
        "Say whose export this is: `?provider=openai` or `?provider=anthropic`.", param="provider"
    )


def _csv_rows(text: str) -> Iterator[dict[str, Any]]:
    reader = csv.DictReader(io.StringIO(text))
    for number, row in enumerate(reader):
        if number >= MAX_LINES:
            raise BadRequest(f"The export has more than {MAX_LINES} rows.")
        yield {name.strip().lower(): value for name, value in row.items() if name and value not in (None, "")}


def _json_rows(text: str) -> Iterator[dict[str, Any]]:
    """Buckets with results, as both providers' APIs give them: one page, or a list of pages."""
    try:
        given = json.decode(text.encode())
    except ValueError:
        raise BadRequest("The export is neither JSON nor CSV.") from None
    for page in cast("list[Any]", given) if isinstance(given, list) else [given]:
        fields = cast("dict[str, Any]", page) if isinstance(page, dict) else {}
        buckets: Any = fields.get("data") or ([fields] if "results" in fields else [])
        for bucket in cast("list[Any]", buckets):
            if not isinstance(bucket, dict):
                continue
            outer = cast("dict[str, Any]", bucket)
            for result in cast("list[Any]", outer.get("results") or ([] if "results" in outer else [outer])):
                if isinstance(result, dict):
                    yield _flat(outer) | _flat(cast("dict[str, Any]", result))


def _flat(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Nested objects as fields: `cache_creation`, and `amount: {value, currency}`."""
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        if name == "amount" and isinstance(value, dict):
            flat["amount_value"] = cast("dict[str, Any]", value).get("value")
        elif isinstance(value, dict):
            flat.update(cast("dict[str, Any]", value))
        elif not isinstance(value, list) and value is not None:
            flat[name] = value
    return flat


def _take(export: Export, row: dict[str, Any]) -> None:
    day = _day(_first(row, DAY))
    model = _first(row, MODEL) or _line_item_model(_first(row, LINE_ITEM))
    if day is None:
        export.pass_over("no date that can be read")
        return
    if not model:
        export.pass_over("no model: ask for the export grouped by model (costs: by line item or description)")
        return
    try:
        line = Line(
            day, base_model(str(model)), _sum(row, REQUESTS), _sum(row, INPUT), _sum(row, CACHED), _sum(row, OUTPUT),
            _cost(export, row),
        )  # fmt: skip
        uncached = _sum(row, UNCACHED)
        if uncached is not None:
            line.input_tokens = uncached + (_sum(row, WRITTEN) or 0) + (line.cached_tokens or 0)
    except (ValueError, ArithmeticError):
        export.pass_over("a number that can't be read")
        return
    if line.requests is line.input_tokens is line.output_tokens is line.cost_usd is None:
        export.pass_over("neither tokens nor a cost")
        return
    export.lines.append(line)


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)


def _sum(row: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    found = [int(Decimal(str(row[name]))) for name in names if row.get(name) not in (None, "")]
    return sum(found) if found else None


def _cost(export: Export, row: Mapping[str, Any]) -> Decimal | None:
    """Dollars. Anthropic's cost report has `amount`, which is in cents."""
    said = _first(row, COST_USD)
    if said is not None:
        return Decimal(str(said))
    if export.provider == "anthropic" and row.get("amount") not in (None, ""):
        return Decimal(str(row["amount"])) / _CENTS
    return None


def _line_item_model(item: Any) -> str | None:
    """`gpt-4o-2024-08-06, input` names its model first."""
    return str(item).partition(",")[0].strip() if item else None


def _day(said: Any) -> str | None:
    if said is None:
        return None
    text = str(said)
    try:
        if text.replace(".", "", 1).isdigit():
            return datetime.fromtimestamp(float(text), UTC).strftime("%Y-%m-%d")
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is None else moment.astimezone(UTC)).strftime("%Y-%m-%d")
    except (ValueError, OverflowError, OSError):
        return None
