"""The price data of genai-prices in our own shape: exported once by a helper process, then matched here.

Importing genai-prices takes half a second and stops every thread for up to 160 ms, so the gateway never does.
`python -m headgate.providers.price_data` writes the data to its standard output; no network is used.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import msgspec

from headgate.kernel.money import PICO_PER_USD_PER_MTOK
from headgate.providers.price_rows import PriceRow, Rate

FORMAT = 3  # of what we keep; goes up when the structs below change
_COMPACT_DATE = re.compile(r"(.*-)(20[0-9]{2})(0[1-9]|1[0-2])([0-2][0-9]|3[01])(.*)")
TIER_KINDS = frozenset({"processing", "service_tier", "speed"})
_WELL_KNOWN = ("openai", "anthropic", "google")  # asked in turn about names that do not say whose they are


class Clause(msgspec.Struct, array_like=True, frozen=True):
    """How a name is recognised: `kind` and its text, or parts for `or` and `and`."""

    kind: str
    text: str = ""
    parts: tuple[Clause, ...] = ()

    def matches(self, name: str) -> bool:
        if self.kind == "or":
            return any(part.matches(name) for part in self.parts)
        if self.kind == "and":
            return all(part.matches(name) for part in self.parts)
        if self.kind == "equals":
            return name == self.text
        if self.kind == "starts_with":
            return name.startswith(self.text)
        if self.kind == "ends_with":
            return name.endswith(self.text)
        if self.kind == "contains":
            return self.text in name
        return re.search(self.text, name) is not None


class Model(msgspec.Struct, array_like=True, frozen=True):
    match: Clause
    rows: tuple[PriceRow, ...]  # the last active one counts, the first when none is
    id: str = ""
    context: int = 0  # tokens that fit; 0 when the data does not say


class Service(msgspec.Struct, array_like=True, frozen=True):
    name: str
    match: Clause | None  # of model names that are this service's
    fallbacks: tuple[str, ...]
    models: tuple[Model, ...]


class PriceData(msgspec.Struct, array_like=True, frozen=True):
    """All services. `find` is what genai-prices would find."""

    services: tuple[Service, ...]

    def find(self, model: str, service: str = "") -> tuple[PriceRow, ...]:
        """The rows of a model id; none when it is unknown, or priced in nothing we count. With `service` only that
        service's own prices count: the same model costs something else elsewhere."""
        found = self.model(model, service)
        return () if found is None else found.rows

    def model(self, model: str, service: str = "") -> Model | None:
        """What is known of a model id; `find` is its prices."""
        name = model.lower()
        if service:
            return self._at(service, name)
        owner = next(
            (one for one in self.services if one.match is not None and one.match.matches(name)), None
        )
        known = [one for wanted in _WELL_KNOWN for one in self.services if one.name == wanted]
        for each in [*([owner] if owner is not None else []), *known]:
            for spelling in _spellings(name):
                if (found := self._in_service(each, spelling)) is not None:
                    return found
        return None

    def sellers(self, model: str) -> tuple[str, ...]:
        """The services that have the model under this very name, whoever made it first."""
        name = model.lower()
        made = [one.name for one in self.services if one.match is not None and one.match.matches(name)]
        sold = [one.name for one in self.services if any(each.match.matches(name) for each in one.models)]
        return tuple(dict.fromkeys([*(each for each in made if each in sold), *sold]))

    def _at(self, service: str, name: str) -> Model | None:
        for one in self.services:
            if one.name == service:
                tries = (self._in_service(one, spelling) for spelling in _spellings(name))
                return next((found for found in tries if found is not None), None)
        return None

    def _in_service(self, service: Service, name: str) -> Model | None:
        places = [
            service,
            *(one for wanted in service.fallbacks for one in self.services if one.name == wanted),
        ]
        return next((model for place in places for model in place.models if model.match.matches(name)), None)


def _spellings(name: str) -> list[str]:
    """The name, and with a dashed date when it ends in a compact one: `-20251211` as `-2025-12-11`."""
    match = _COMPACT_DATE.fullmatch(name)
    return [name] if match is None else [name, f"{match[1]}{match[2]}-{match[3]}-{match[4]}{match[5]}"]


_split = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_decode = msgspec.msgpack.Decoder(Service).decode


def read(exported: bytes) -> PriceData:
    """Decode an export, service by service: a thread that does it lets the loop run in between."""
    return PriceData(tuple([_decode(one) for one in _split(exported)]))


async def load(kept: Path | None = None) -> PriceData:
    """The price data: from the file `kept` of an earlier start, else exported by a helper process and kept there.
    A file of another version of genai-prices is not used. Raises OSError when there is no way to get it."""
    path = None if kept is None else kept.with_name(f"{kept.name}-{await asyncio.to_thread(_version)}")
    if path is not None and (data := await asyncio.to_thread(_read_kept, path)) is not None:
        return data
    exported = await _exported()
    if path is not None:
        await asyncio.to_thread(_keep, path, exported)
    return await asyncio.to_thread(read, exported)


def _version() -> str:
    return f"{FORMAT}-{version('genai-prices')}"


def _read_kept(path: Path) -> PriceData | None:
    try:
        return read(path.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return None


def _keep(path: Path, exported: bytes) -> None:
    """Best effort: without the file the next start exports again."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_bytes(exported)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)


async def _exported() -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    try:
        exported, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    if process.returncode != 0:
        raise OSError(f"the helper process that reads the price data ended with {process.returncode}")
    return exported


# the export; runs in the helper process only


def export() -> bytes:
    """The bundled data of genai-prices in our shape."""
    from genai_prices.data_snapshot import get_snapshot

    services = [
        Service(
            provider.id,
            None if provider.model_match is None else _clause(provider.model_match),
            tuple(provider.fallback_model_providers or ()),
            tuple(
                Model(
                    _clause(model.match),
                    _rows(model.prices, _variants(model.price_variants)),
                    model.id,
                    model.context_window or 0,
                )
                for model in provider.models
            ),
        )
        for provider in get_snapshot().providers
    ]
    return msgspec.msgpack.encode(services)


def _clause(clause: Any) -> Clause:
    for kind in ("equals", "starts_with", "ends_with", "contains"):
        if hasattr(clause, kind):
            return Clause(kind, getattr(clause, kind).lower())
    if hasattr(clause, "regex"):
        return Clause("regex", clause.regex)
    kind = "or" if hasattr(clause, "or_") else "and"
    return Clause(kind, "", tuple(_clause(part) for part in getattr(clause, f"{kind}_")))


Variants = tuple[tuple[str, PriceRow], ...]


def _variants(variants: Any) -> Variants:
    """The prices of other ways to be served, by their name alone: `batch`, `flex`, `priority`, `fast`."""
    found: list[tuple[str, PriceRow]] = []
    for one in cast("list[Any]", variants or []):
        if set(one.when) <= TIER_KINDS and len(one.when) == 1:
            row = _row(one.prices, one.constraint)
            if row is not None:
                found.append((next(iter(one.when.values())), row))
    return tuple(found)


def _rows(prices: Any, variants: Variants) -> tuple[PriceRow, ...]:
    if not isinstance(prices, list):
        row = _row(prices, None, variants)
        return () if row is None else (row,)
    rows = [_row(one.prices, one.constraint, variants) for one in cast("list[Any]", prices)]
    return () if None in rows else tuple(row for row in rows if row is not None)


def _row(prices: Any, constraint: Any, variants: Variants = ()) -> PriceRow | None:
    prompt = _rate(prices.input_mtok)
    if prompt is None:
        return None
    when, start, end = _window(constraint)
    per_thousand: Decimal | None = prices.requests_kcount
    return PriceRow(
        prompt=prompt,
        completion=_rate(prices.output_mtok),
        cached=_rate(prices.cache_read_mtok),
        cache_write=_rate(prices.cache_write_mtok),
        reasoning=_rate(prices.output_reasoning_mtok),
        request=0 if per_thousand is None else pico_per_token(per_thousand * 1000),
        when=when,
        start=start,
        end=end,
        cache_write_1h=_rate(prices.cache_write_1h_mtok),
        audio_input=_rate(prices.input_audio_mtok),
        audio_output=_rate(prices.output_audio_mtok),
        variants=variants,
    )


def _window(constraint: Any) -> tuple[str, int, int]:
    if constraint is None:
        return "", 0, 0
    if hasattr(constraint, "start_date"):
        start: date = constraint.start_date
        return "date", int(datetime(start.year, start.month, start.day, tzinfo=UTC).timestamp()), 0
    return "time", _second(constraint.start_time), _second(constraint.end_time)


def _second(moment: time) -> int:
    if moment.tzinfo is not None:
        moment = datetime.combine(date(1970, 1, 1), moment).astimezone(UTC).timetz()
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _rate(price: Any) -> Rate | None:
    if price is None:
        return None
    if isinstance(price, Decimal):
        return Rate(pico_per_token(price))
    return Rate(
        pico_per_token(price.base), tuple((tier.start, pico_per_token(tier.price)) for tier in price.tiers)
    )


def pico_per_token(usd_per_mtok: Decimal) -> int:
    return int((usd_per_mtok * PICO_PER_USD_PER_MTOK).to_integral_value())


if __name__ == "__main__":
    sys.stdout.buffer.write(export())
