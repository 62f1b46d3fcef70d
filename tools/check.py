"""`make check`: every checker, all of them even when one fails, with the failures named at the end."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Check:
    """One checker: its name and its command line."""

    name: str
    command: tuple[str, ...]


def checks() -> tuple[Check, ...]:
    python = sys.executable
    return (
        Check("format", (str(BIN / "ruff"), "format", "--check", "--quiet", ".")),
        Check("lint", (str(BIN / "ruff"), "check", "--quiet", ".")),
        Check("imports", (str(BIN / "lint-imports"), "--no-cache")),
        Check("shape", (python, "-m", "tools.check_shape")),
        Check("mirror", (python, "-m", "tools.check_mirror")),
        Check("routes", (python, "-m", "tools.check_routes")),
        Check("types", (str(BIN / "pyright"), "--project", "pyproject.toml")),
    )


def run(check: Check) -> tuple[Check, int, str, float]:
    began = time.monotonic()
    done = subprocess.run(check.command, capture_output=True, text=True, check=False)
    return check, done.returncode, done.stdout + done.stderr, time.monotonic() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", help="names of checks; all when none is given")
    only = set(parser.parse_args().only)
    chosen = [check for check in checks() if not only or check.name in only]
    failed: list[str] = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for check, status, text, seconds in pool.map(run, chosen):
            print(f"{'ok  ' if status == 0 else 'FAIL'} {check.name:<8} {seconds:5.1f} s", flush=True)
            if status != 0:
                failed.append(check.name)
                print(text.rstrip(), flush=True)
    if failed:
        print(f"make check failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
