"""The command line: `python -m tools.accept PART [--item K]`."""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import time
import traceback

from tools.accept.outcome import Item, Part, findings


def load_part(number: int) -> Part | None:
    try:
        module = importlib.import_module(f"tools.accept.part{number}")
    except ModuleNotFoundError as error:
        if error.name == f"tools.accept.part{number}":
            return None
        raise
    part: Part = module.PART
    return part


def run_item(label: str, title: str, item: Item) -> bool:
    print(f"----  {label} {title}", flush=True)
    began = time.monotonic()
    with findings() as found:
        try:
            item(found)
        except (
            AssertionError,
            OSError,
            RuntimeError,
            ValueError,
            KeyError,
            TypeError,
            subprocess.SubprocessError,
        ) as error:
            traceback.print_exc()
            found.wrong.append(f"{type(error).__name__}: {error}")
    verdict = "PASS" if found.passed else "FAIL"
    said = "; ".join([*found.figures, *(f"WRONG: {one}" for one in found.wrong)])
    print(
        f"{verdict} {label} {title}: {said} ({found.checked} facts, {time.monotonic() - began:.0f} s)",
        flush=True,
    )
    return found.passed


def main() -> int:
    parser = argparse.ArgumentParser(description="Run what a part's issue says must hold.")
    parser.add_argument("part", type=int, help="the number in the issue's title")
    parser.add_argument("--item", type=int, action="append", help="only this item; may be repeated")
    arguments = parser.parse_args()
    part = load_part(arguments.part)
    if part is None:
        print(f"there is no part {arguments.part} yet")
        return 2
    chosen: list[int] = arguments.item or sorted(part.items)
    unknown = [number for number in chosen if number not in part.items]
    if unknown:
        print(f"part {part.number} has the items {sorted(part.items)}, not {unknown}")
        return 2
    verdicts = {number: run_item(f"{part.number}.{number}", *part.items[number]) for number in chosen}
    failed = [f"{part.number}.{number}" for number, good in verdicts.items() if not good]
    print(
        f"{len(verdicts) - len(failed)} passed, {len(failed)} failed"
        + (f": {', '.join(failed)}" if failed else "")
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
