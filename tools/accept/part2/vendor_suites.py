"""The source archives of the vendors' SDKs, fetched once, each with a Python of its own; their tests run on a gateway."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.accept.outcome import Findings
from tools.rig.processes import ROOT, clean_environment

SETTINGS = """[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = session
asyncio_default_test_loop_scope = session
"""


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests of one SDK that must pass. `left_out` maps a test (file::Class::name) to why it may fail."""

    package: str
    files: Sequence[str]  # below tests/api_resources
    conftest: str
    needs: Sequence[str] = ()
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def version(self) -> str:
        lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
        match = re.search(rf"^{self.package}==(\S+)", lock, re.MULTILINE)
        if match is None:
            raise ValueError(f"requirements.lock names no version of {self.package}")
        return match[1]

    @property
    def home(self) -> Path:
        return ROOT / ".work" / f"{self.package}-sdk"

    def unpacked(self) -> Path:
        """The source archive, fetched once by the ordinary client and kept below .work."""
        self.home.mkdir(parents=True, exist_ok=True)
        archive = self.home / f"{self.package}-{self.version}.tar.gz"
        if not archive.exists():
            wanted = [
                "--no-deps",
                "--no-binary",
                self.package,
                "-d",
                str(self.home),
                f"{self.package}=={self.version}",
            ]
            subprocess.run(
                [sys.executable, "-m", "pip", "download", "--quiet", *wanted], check=True, timeout=600
            )
        source = self.home / "source"
        shutil.rmtree(source, ignore_errors=True)
        with tarfile.open(archive) as packed:
            packed.extractall(source, filter="data")
        found = source / f"{self.package}-{self.version}"
        (found / "tests/conftest.py").write_text(self.conftest, encoding="utf-8")
        (found / "pytest.ini").write_text(SETTINGS, encoding="utf-8")
        return found

    def python(self) -> Path:
        """A Python with that SDK, its aiohttp transport and pytest; made once."""
        place = self.home / f"venv-{self.version}"
        if not (place / "ready").exists():
            uv = str(Path(sys.executable).parent / "uv")
            make = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(place)]
            subprocess.run(make, check=True, timeout=300)
            wanted = [
                f"{self.package}[aiohttp]=={self.version}",
                "pytest>=9",
                "pytest-asyncio>=1.4",
                "rich",
                *self.needs,
            ]
            install = [uv, "pip", "install", "--quiet", "--python", str(place / "bin" / "python"), *wanted]
            subprocess.run(install, check=True, timeout=600)
            (place / "ready").touch()
        return place / "bin" / "python"


def run_suite(found: Findings, suite: Suite, base_url: str, label: str) -> None:
    """Every file of the suite against `base_url`; what fails or is skipped must be on its list."""
    source, python = suite.unpacked(), suite.python()
    for file in suite.files:
        command = [str(python), "-m", "pytest", f"tests/api_resources/{file}", "-q", "-rA", "--tb=line"]
        done = subprocess.run(
            [*command, "-p", "no:cacheprovider"],
            cwd=source, env=clean_environment(TEST_API_BASE_URL=base_url), capture_output=True, text=True, check=False,
            timeout=900,
        )  # fmt: skip
        _judge(found, suite, f"{label}, {file}", done)


def _judge(found: Findings, suite: Suite, label: str, done: subprocess.CompletedProcess[str]) -> None:
    passed = _names(done.stdout, "PASSED")
    failed = _names(done.stdout, "FAILED") + _names(done.stdout, "ERROR")
    skipped = re.findall(r"^SKIPPED.*$", done.stdout, re.MULTILINE)
    unexcused = [name for name in failed if name.partition("[")[0] not in suite.left_out]
    found.expect(len(passed) > 0, f"{label}: no test passed: {done.stdout[-500:]}{done.stderr[-300:]}")
    for name in unexcused:
        reason = re.search(rf"^(?:FAILED|ERROR) \S*{re.escape(name)} - (.*)$", done.stdout, re.MULTILINE)
        found.expect(False, f"{label}: {name}: {reason[1][:160] if reason else 'failed'}")
    for name in sorted(set(failed) - set(unexcused)):
        print(f"      left out: {name}: {suite.left_out[name.partition('[')[0]]}", flush=True)
    left = len(failed) - len(unexcused)
    found.figure(f"{label}: {len(passed)} passed, {left} left out, {len(skipped)} skipped by the SDK")


def _names(output: str, verdict: str) -> list[str]:
    return re.findall(rf"^{verdict} tests/api_resources/(\S+)", output, re.MULTILINE)
