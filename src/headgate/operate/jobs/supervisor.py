"""The gateway's side of the worker process: start it with a pipe, start it again when it dies, stop it gently."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from headgate.kernel.logging import get_log
from headgate.kernel.tasks import Tasks

log = get_log("worker")

SupervisorState = Literal["off", "starting", "running", "waiting", "stopping", "stopped"]


@dataclass(frozen=True, slots=True)
class BackOff:
    """Pauses before a restart: from `first_s`, twice as long each time, to `longest_s`; forgotten after `healthy_s` of life."""

    first_s: float = 0.5
    longest_s: float = 30.0
    healthy_s: float = 60.0


def worker_command(settings: Any) -> tuple[str, ...]:
    """The command of the worker of this gateway. Everything else it reads from the same environment and file."""
    command = [sys.executable, "-m", "headgate", "worker", "--data-dir", str(settings.data_dir)]
    if settings.config:
        command += ["--config", str(settings.config)]
    return tuple(command)


class Supervisor:
    """Keeps one worker process alive. The worker holds the reading end of a pipe and ends when the writing end is gone."""

    def __init__(
        self,
        settings: Any,
        tasks: Tasks,
        *,
        command: Sequence[str] | None = None,
        back_off: BackOff | None = None,
    ) -> None:
        self._enabled = bool(settings.worker)
        self._grace_s = float(settings.shutdown_grace_s)
        self._command = tuple(command) if command is not None else worker_command(settings)
        self._tasks = tasks
        self._back_off = back_off or BackOff()
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._pipe: int | None = None
        self._state: SupervisorState = "off"
        self._restarts = 0
        self._last_exit: int | None = None

    def start(self) -> None:
        """Begin to start and watch the worker; returns at once. Without a worker in the settings it does nothing."""
        if self._enabled and self._watch is None:
            self._state = "starting"
            self._watch = self._tasks.spawn(self._keep_alive(), name="worker.supervisor")

    async def _keep_alive(self) -> None:
        loop = asyncio.get_running_loop()
        pause_s = self._back_off.first_s
        while True:
            began = loop.time()
            await self._one_life()
            if loop.time() - began > self._back_off.healthy_s:
                pause_s = self._back_off.first_s
            log.warning("worker.died", exit=self._last_exit, again_in_s=pause_s)
            self._state = "waiting"
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, self._back_off.longest_s)
            self._restarts += 1

    async def _one_life(self) -> None:
        """One worker process from start to end."""
        child_end, self._pipe = os.pipe()
        command = (*self._command, "--parent-pipe", str(child_end))
        try:
            self._process = await asyncio.create_subprocess_exec(
                *command, pass_fds=(child_end,), stdin=asyncio.subprocess.DEVNULL, start_new_session=False
            )
        except OSError as error:
            log.error("worker.not_started", error=repr(error))
            self._last_exit = error.errno
            self._close_pipe()
            return
        finally:
            os.close(child_end)
        self._state = "running"
        log.info("worker.started", pid=self._process.pid)
        self._last_exit = await self._process.wait()
        self._close_pipe()  # not when cancelled: `stop` still lets the worker finish, and the pipe's end would hurry it

    def _close_pipe(self) -> None:
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None

    async def stop(self) -> None:
        """Ask the worker to end (SIGTERM), wait for the grace time of the settings, then kill it."""
        if self._watch is None:
            return
        self._state = "stopping"
        process = self._process
        self._watch.cancel()
        await asyncio.wait([self._watch])
        if process is not None and process.returncode is None:
            _signal(process, signal.SIGTERM)
            try:
                self._last_exit = await asyncio.wait_for(process.wait(), self._grace_s)
            except TimeoutError:
                log.warning("worker.killed", pid=process.pid)
                _signal(process, signal.SIGKILL)
                self._last_exit = await process.wait()
        self._close_pipe()
        self._watch, self._process, self._state = None, None, "stopped"

    def stats(self) -> dict[str, Any]:
        alive = self._process is not None and self._process.returncode is None
        pid = self._process.pid if alive and self._process is not None else None
        return {"state": self._state, "pid": pid, "restarts": self._restarts, "last_exit": self._last_exit}


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except ProcessLookupError:
        log.info("worker.gone_already", pid=process.pid)
