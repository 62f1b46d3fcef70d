"""A clean clone, `make serve`, the README's examples; and the same with the built wheel in a fresh environment."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

from tools.accept.outcome import Findings
from tools.rig.http import ask
from tools.rig.processes import ROOT, Gateway, Process, Upstream, clean_environment, free_port

README_PORT = "4100"
CLONE_START_S = 600.0


def run(found: Findings) -> None:
    clone = found.folder / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True, timeout=120)
    began = time.monotonic()
    quick(found, clone)
    found.figure(f"make setup in a clean clone: {time.monotonic() - began:.0f} s")
    curls, script = readme_examples(clone)
    found.expect(bool(curls), "the README has no curl example")
    found.expect("OpenAI(" in script, "the README has no example with the openai SDK")
    with served(clone, found.folder / "data-mock", {}) as url:
        examples(found, url, curls, script, clone / ".venv/bin/python")
        second_is_free(found, url)
    with Upstream(found.folder / "upstream.log") as upstream:
        with served(clone, found.folder / "data-upstream", {"OPENAI_BASE_URL": upstream.url}) as url:
            examples(found, url, curls, script, clone / ".venv/bin/python")
            second_is_free(found, url)
        seen = upstream.report()["requests"]
        found.expect(seen >= 2, f"the mock upstream saw {seen} requests")
    wheel(found, clone, curls, script)


def quick(found: Findings, clone: Path) -> None:
    """`make setup` from nothing; the second time takes about a second."""
    subprocess.run(["make", "--quiet", "setup"], cwd=clone, env=clean_environment(), check=True, timeout=1200)
    began = time.monotonic()
    subprocess.run(["make", "--quiet", "setup"], cwd=clone, env=clean_environment(), check=True, timeout=60)
    took = time.monotonic() - began
    found.expect(took < 2, f"the second make setup took {took:.1f} s")
    found.expect((clone / ".venv/bin/headgate").exists(), ".venv/bin/headgate is not there")


def readme_examples(clone: Path) -> tuple[list[str], str]:
    """The curl commands that make calls, and the Python script, as they stand in the README."""
    text = (clone / "README.md").read_text(encoding="utf-8")
    shells = re.findall(r"```(?:sh|bash|shell)\n(.*?)```", text, re.DOTALL)
    scripts = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    curls = [
        block for block in shells if block.lstrip().startswith("curl") and "/v1/chat/completions" in block
    ]
    return curls, next((block for block in scripts if "OpenAI(" in block), "")


@contextlib.contextmanager
def served(clone: Path, data: Path, more: dict[str, str]) -> Generator[str]:
    """`make serve` in the clone, on a free port."""
    port = free_port()
    env = clean_environment(HEADGATE_PORT=str(port), HEADGATE_DATA_DIR=str(data), **more)
    server = Process(["make", "--quiet", "serve"], env=env, log=data.parent / f"{data.name}.log", cwd=clone)
    server.launch()
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + CLONE_START_S
        while time.monotonic() < until and server.is_running:
            with contextlib.suppress(OSError):
                if ask("GET", f"{url}/health", timeout_s=5).status == 200:
                    break
            time.sleep(0.1)
        else:
            raise RuntimeError(f"make serve did not come up:\n{server.tail()}")
        yield url
    finally:
        server.stop()


def examples(found: Findings, url: str, curls: list[str], script: str, python: Path) -> None:
    """Run what the README says, on our port."""
    port = url.rpartition(":")[2]
    for block in curls:
        said, status = shell(["bash", "-c", block.replace(README_PORT, port)])
        found.expect('"choices"' in said, f"the README's curl got {said[:300]}")
    said, status = shell([str(python), "-c", script.replace(README_PORT, port)])
    found.expect(status == 0 and len(said.strip()) > 5, f"the README's script: {said[-300:]}")


def shell(command: list[str]) -> tuple[str, int]:
    """What a command says in a fresh shell, and its exit status."""
    done = subprocess.run(
        command, env=clean_environment(), capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout + done.stderr, done.returncode


def second_is_free(found: Findings, url: str) -> None:
    """The second equal call at temperature 0 is an exact hit, costs nothing, and is in the savings at once."""
    body = {
        "model": "gpt-4o-mini",
        "temperature": 0,
        "messages": [{"role": "user", "content": f"once and again {time.monotonic()}"}],
    }
    before = ask("GET", f"{url}/api/v1/savings").json()["totalSavedUsd"]
    first = ask("POST", f"{url}/v1/chat/completions", body=body)
    second = ask("POST", f"{url}/v1/chat/completions", body=body)
    after = ask("GET", f"{url}/api/v1/savings").json()["totalSavedUsd"]
    found.expect(
        first.headers.get("x-punk-route") == "live", f"the first call was {first.headers.get('x-punk-route')}"
    )
    found.expect(
        second.headers.get("x-punk-route") == "exact_cache",
        f"the second call was {second.headers.get('x-punk-route')}",
    )
    found.expect(
        float(second.headers["x-headgate-cost"]) == 0, f"the hit cost {second.headers['x-headgate-cost']}"
    )
    found.expect(first.body == second.body, "the hit is not the answer it repeats")
    saved, live = float(second.headers["x-headgate-saved"]), float(first.headers["x-headgate-cost"])
    found.expect(saved == live > 0, f"saved {saved}, the live call cost {live}")
    found.expect(
        abs(after - before - saved) < 1e-12, f"savings went from {before} to {after}, not by {saved}"
    )
    run = ask("GET", f"{url}/api/v1/runs/{second.run_id}")
    found.expect(
        run.status == 200 and run.json()["run"]["route"] == "exact_cache",
        f"the run of the hit: {run.text[:200]}",
    )


def wheel(found: Findings, clone: Path, curls: list[str], script: str) -> None:
    """The built wheel in a fresh environment, with no Node and no compiler to be found."""
    uv = clone / ".venv/bin/uv"
    dist = found.folder / "dist"
    subprocess.run(
        [str(uv), "build", "--quiet", "--wheel", "--out-dir", str(dist), str(clone)], check=True, timeout=600
    )
    made = next(dist.glob("*.whl"))
    home = found.folder / "fresh"
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, timeout=120)
    python = home / "bin/python"
    bare = bare_path(found.folder / "bare")
    env = clean_environment(PATH=f"{home / 'bin'}:{bare}", CC="/nonexistent", CXX="/nonexistent")
    command = [str(python), "-m", "pip", "install", "--quiet", "--only-binary", ":all:", str(made)]
    subprocess.run(command, env=env, check=True, timeout=900)
    with Gateway(found.folder / "data-wheel", program=home / "bin/headgate") as gateway:
        examples(found, gateway.url, curls, script, clone / ".venv/bin/python")
        second_is_free(found, gateway.url)
    found.figure(f"{made.name}: {made.stat().st_size // 1024} KiB")


def bare_path(folder: Path) -> Path:
    """A folder of commands without Node and compilers."""
    folder.mkdir()
    for name in ("sh", "bash", "env", "uname", "ldconfig"):
        if found := shutil.which(name):
            (folder / name).symlink_to(found)
    return folder
