"""Where settings come from, in order: command line, variables, `.env`, secret files, a YAML file. Pure but for reading files."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headgate.config_values import (
    MASK,
    BadValue,
    is_secret,
    nearest,
    read_value,
    rule_of,
    shown,
    variable_of,
)
from headgate.providers.rows import VARIABLES

PREFIXES = ("HEADGATE_", "PUNK_")
FILE = "_FILE"
MAX_FILE_BYTES = 1024 * 1024
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")

Fields = Sequence[dataclasses.Field[Any]]


@dataclass(slots=True)
class Gathered:
    """Values that were given, where each came from, and what is wrong with the rest."""

    values: dict[str, Any] = field(default_factory=dict[str, Any])
    origins: dict[str, str] = field(default_factory=dict[str, str])
    problems: list[str] = field(default_factory=list[str])
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """One value as it was found. `name` is what the operator wrote."""

    name: str
    value: object
    origin: str


def gather(
    fields: Fields, overrides: Mapping[str, object], *, environ: Mapping[str, str], folder: Path
) -> Gathered:
    """Look for every setting in every source. Nothing raises: what is wrong stands in `problems`."""
    found = Gathered()
    warnings: list[str] = []
    dotenv = _read_dotenv(folder / ".env", warnings)
    variables = (_Variables(environ, ""), _Variables(dotenv, " in .env"))
    for source in variables:
        warnings.extend(_unknown(source.values, source.where, fields))
    by_name = {each.name: each for each in fields}
    yaml_path = _first(_candidates(by_name["config"], overrides, variables, found.problems))
    yaml = _read_yaml(Path(str(yaml_path.value)).expanduser(), fields, found.problems) if yaml_path else None
    for each in fields:
        given = _first(_candidates(each, overrides, variables, found.problems)) or _from_yaml(
            each, yaml, found.problems
        )
        if given is not None:
            _take(found, each, given)
    _take_provider_variables(found, variables)
    found.warnings = tuple(warnings)
    return found


@dataclass(frozen=True, slots=True)
class _Variables:
    values: Mapping[str, str]
    where: str


def _take(found: Gathered, each: dataclasses.Field[Any], given: Given) -> None:
    try:
        found.values[each.name] = read_value(each, given.value)
        found.origins[each.name] = given.origin
    except BadValue as error:
        value = MASK if each.type == "Secret" else _quoted(each, given.value)
        found.problems.append(
            f"{given.name} is {value}, but must be {error}. Correct it or remove it{_place(given)}."
        )


def _take_provider_variables(found: Gathered, sources: Iterable[_Variables]) -> None:
    """The variables of providers, which have no settings of their own; the environment comes before `.env` and the file."""
    values: dict[str, Any] = {}
    for name in VARIABLES:
        for source in sources:
            value, path = source.values.get(name), source.values.get(name + FILE)
            if value or (
                path and (value := _read_secret(name + FILE, Path(path).expanduser(), found.problems))
            ):
                values[name] = value
                break
    if values:
        found.values["provider_env"] = {**found.values.get("provider_env", {}), **values}
        found.origins.setdefault("provider_env", ", ".join(sorted(values)))


def _quoted(each: dataclasses.Field[Any], value: object) -> str:
    return f'"{shown(each, value)[:100]}"'


def _place(given: Given) -> str:
    return f" ({given.origin})" if given.origin != given.name else ""


def _first(candidates: Iterator[Given]) -> Given | None:
    return next(candidates, None)


def _candidates(
    each: dataclasses.Field[Any],
    overrides: Mapping[str, object],
    variables: Iterable[_Variables],
    problems: list[str],
) -> Iterator[Given]:
    """The values of one setting on the command line and in variables, the strongest first."""
    if overrides.get(each.name) is not None:
        flag = rule_of(each).flag or each.name
        yield Given(flag, overrides[each.name], f"command line {flag}")
    for source in variables:
        for name in (variable_of(each.name), *rule_of(each).also):
            value = source.values.get(name)  # an empty variable counts as unset
            path = source.values.get(name + FILE) if is_secret(each) else None
            if value and path:
                problems.append(f"{name} and {name}{FILE} are both set{source.where}. Remove one of them.")
            if value:
                yield Given(name, value, name + source.where)
            elif path and (text := _read_secret(name + FILE, Path(path).expanduser(), problems)) is not None:
                yield Given(name + FILE, text, f"{name}{FILE}{source.where}")


def _read_secret(name: str, path: Path, problems: list[str]) -> str | None:
    try:
        text = _read_small(path).strip()
    except (OSError, ValueError) as error:
        problems.append(
            f'{name} names the file "{path}", which cannot be read: {_reason(error)}. Correct the path or the rights.'
        )
        return None
    if not text:
        problems.append(f'{name} names the file "{path}", which is empty. Write the secret into it.')
        return None
    return text


def _read_small(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ValueError("it is larger than 1 MiB")
    return data.decode()


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def _read_dotenv(path: Path, warnings: list[str]) -> dict[str, str]:
    """`NAME=value` lines; `export`, quotes and comments are understood, nothing is expanded."""
    try:
        text = _read_small(path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        warnings.append(f"{path} cannot be read: {_reason(error)}. It is left out.")
        return {}
    values: dict[str, str] = {}
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            warnings.append(f"{path} line {number} is not NAME=value. It is left out.")
            continue
        values[match[1]] = _unquoted(match[2])
    return values


def _unquoted(text: str) -> str:
    if text[:1] in ("'", '"'):
        end = text.find(text[0], 1)
        if end > 0:
            return text[1:end]
    return text.split(" #", 1)[0].strip()


def _unknown(values: Mapping[str, str], where: str, fields: Fields) -> Iterator[str]:
    """A warning for each variable with our prefix that nobody reads."""
    known = known_variables(fields)
    for name in sorted(values):
        if name.startswith(PREFIXES) and name not in known:
            meant = nearest(name, known)
            hint = f" Did you mean {meant}?" if meant else ""
            yield f"{name}{where} is not a setting and is not read.{hint}"


def known_variables(fields: Fields) -> frozenset[str]:
    """Every variable that is read."""
    names: set[str] = set()
    for each in fields:
        own = (variable_of(each.name), *rule_of(each).also)
        names.update(own)
        if is_secret(each):
            names.update(name + FILE for name in own)
    return frozenset(names)


@dataclass(frozen=True, slots=True)
class _Yaml:
    path: Path
    values: Mapping[str, object]


def _read_yaml(path: Path, fields: Fields, problems: list[str]) -> _Yaml | None:
    import yaml

    try:
        content: object = yaml.safe_load(_read_small(path))
    except (OSError, ValueError) as error:
        problems.append(
            f'The settings file "{path}" cannot be read: {_reason(error)}. Correct --config or HEADGATE_CONFIG.'
        )
        return None
    except yaml.YAMLError as error:
        problems.append(f'The settings file "{path}" is not YAML: {" ".join(str(error).split())}.')
        return None
    if content is None:
        return _Yaml(path, {})
    if not isinstance(content, dict):
        problems.append(f'The settings file "{path}" must be a list of `name: value` lines.')
        return None
    values: dict[str, object] = {str(key): value for key, value in content.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    known = {each.name for each in fields} | {each.name + FILE.lower() for each in fields if is_secret(each)}
    for key in values:
        if key not in known or key == "config":
            meant = nearest(key.lower(), known - {"config"})
            problems.append(
                f'"{key}" in {path} is not a setting.'
                + (f' Did you mean "{meant}"?' if meant else " Remove it.")
            )
    return _Yaml(path, values)


def _from_yaml(each: dataclasses.Field[Any], yaml: _Yaml | None, problems: list[str]) -> Given | None:
    if yaml is None or each.name == "config":
        return None
    origin = f"file {yaml.path}"
    value = yaml.values.get(each.name)
    path = yaml.values.get(each.name + FILE.lower()) if is_secret(each) else None
    if value is not None and path is not None:
        problems.append(f'"{each.name}" and "{each.name}_file" are both in {yaml.path}. Remove one of them.')
        return None
    if path is not None:
        secret = _read_secret(f'"{each.name}_file"', Path(str(path)).expanduser(), problems)
        return None if secret is None else Given(each.name, secret, f"{origin} ({each.name}_file)")
    return None if value is None else Given(each.name, value, origin)
