"""Runs `client.mjs`: the Vercel AI SDK in Node, with its packages in a folder of its own."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, cast

from tools.rig.clients import scene
from tools.rig.clients.scene import Saw
from tools.rig.processes import clean_environment

HERE = Path(__file__).parent
KINDS = ("openai chat", "openai responses", "anthropic messages", "google generate")
INSTALL_S, RUN_S = 300, 120


def installed(folder: Path) -> Path:
    """A folder with the SDK in it, made below `folder`. Raises subprocess.CalledProcessError."""
    home = folder / "ai_sdk"
    if not (home / "node_modules" / "ai").exists():
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "package.json", home)
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"]
        subprocess.run(
            command, cwd=home, check=True, timeout=INSTALL_S, env=_environment(), capture_output=True
        )
    shutil.copy(HERE / "client.mjs", home)
    return home


def see(home: Path, kind: str, url: str, key: str, model: str) -> dict[str, Saw]:
    """What the SDK saw, by feature, in the form of `scene.expected`."""
    command = ["node", "client.mjs", kind, url, key, model, json.dumps(_words())]
    done = subprocess.run(
        command, cwd=home, check=False, capture_output=True, text=True, timeout=RUN_S, env=_environment()
    )
    if done.returncode != 0:
        return {feature: {"raised": done.stderr[-300:]} for feature in scene.FEATURES}
    seen = cast("dict[str, Saw]", json.loads(done.stdout.strip().splitlines()[-1]))
    return {feature: _as_ours(saw) for feature, saw in seen.items()}


def _environment() -> dict[str, str]:
    return clean_environment() | {
        name: value for name, value in os.environ.items() if name.startswith("npm_config_")
    }


def _words() -> dict[str, Any]:
    return {
        "system": scene.SYSTEM, "hello": scene.HELLO, "weather": scene.WEATHER, "tool": scene.TOOL, "toolText": scene.TOOL_TEXT,
        "parameters": scene.PARAMETERS, "results": scene.RESULTS, "person": scene.PERSON, "schema": scene.SCHEMA,
        "look": scene.LOOK, "fails": [scene.FAIL_429, scene.FAIL_400], "png": base64.b64encode(scene.PNG).decode(),
    }  # fmt: skip


def _as_ours(saw: Saw) -> Saw:
    """JSON has no tuples."""
    return {name: _tuples(value) if name != "json" else value for name, value in saw.items()}


def _tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_tuples(each) for each in cast("list[Any]", value))
    return value
