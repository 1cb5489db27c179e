"""Keeps a table of programs running: starts them, restarts a dead one at once, ends each by its id.

It does on a desk what systemd does on a cart. It must never look into what a program says, except
for the line that says it is ready; everything a program prints goes to its own log file.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

RESTART_S = 0.1  # systemd's default RestartSec
END_S = 3.0


class SupervisorError(RuntimeError):
    """A program did not start; the text names it, its log and the last lines it wrote."""


@dataclass(frozen=True)
class Program:
    """One row: `ready` is a piece of the line that says it works ("": as soon as it runs).

    A program that ends with a status of `gives_up` is not started again: it cannot work here."""

    name: str
    argv: tuple[str, ...]
    ready: str = ""
    gives_up: frozenset[int] = frozenset()
    environment: Mapping[str, str] = field(default_factory=dict)


class _Keeper:
    """One program: its process now, its log, and the thread that starts it again."""

    def __init__(self, program: Program, log: Path) -> None:
        self.program = program
        self.log = log
        self.starts = 0
        self.process: subprocess.Popen[str] | None = None
        self.is_ready = threading.Event()
        self.given_up = threading.Event()
        self.stopping = threading.Event()
        self.changing = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name=f"keep_{program.name}", daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        while self._start():
            self._follow()
            self.is_ready.clear()
            status = self.process.returncode if self.process else 0
            if status in self.program.gives_up or self.stopping.wait(RESTART_S):
                break
        self.given_up.set()

    def _start(self) -> bool:
        with self.changing:
            if self.stopping.is_set():
                return False
            self.process = subprocess.Popen(
                self.program.argv,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, errors="replace", start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **self.program.environment},
            )  # fmt: skip
        self.starts += 1
        if not self.program.ready:
            self.is_ready.set()
        return True

    def _follow(self) -> None:
        """Copy what it prints into its log, until it has ended; a full disk takes lines away."""
        process = self.process
        assert process is not None
        assert process.stdout is not None
        with self.log.open("ab", buffering=0) as log, process.stdout:
            for line in process.stdout:
                with contextlib.suppress(OSError):
                    log.write(line.encode())
                if self.program.ready and self.program.ready in line:
                    self.is_ready.set()
        process.wait()

    def end(self) -> None:
        """SIGTERM, then SIGKILL for what stays; never started again."""
        with self.changing:
            self.stopping.set()
        process = self.process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
        self._thread.join(END_S)


class Supervisor:
    """A table of programs, each with its log `<folder>/<name>.log`. Use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keepers: dict[str, _Keeper] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, program: Program) -> None:
        """Begin to keep a program; returns at once. See `wait_ready`."""
        assert program.name not in self._keepers, f"{program.name} runs already"
        log = self._folder / f"{program.name}.log"
        self._keepers[program.name] = _Keeper(program, log)

    def wait_ready(self, name: str, timeout_s: float = 20.0) -> None:
        """Wait for the ready line. Raises SupervisorError with the end of the log."""
        keeper = self._keepers[name]
        if not self.wait_until(name, keeper.is_ready.is_set, timeout_s):
            raise SupervisorError(
                f"{name} did not get ready in {timeout_s:g} s; {keeper.log} ends with:\n"
                + "\n".join(tail(keeper.log))
            )

    def wait_until(self, name: str, holds: Callable[[], bool], timeout_s: float = 20.0) -> bool:
        """Wait for a condition; False when the program gave up, or it did not come in time."""
        deadline_s = time.monotonic() + timeout_s
        while not holds():
            if self._keepers[name].given_up.wait(0.02) or time.monotonic() > deadline_s:
                return False
        return True

    def kill(self, names: Iterable[str]) -> None:
        """SIGKILL these together, as a power cut would; each starts again at once."""
        for keeper in [self._keepers[name] for name in names]:
            process = keeper.process
            if process is not None and process.poll() is None:
                keeper.is_ready.clear()
                process.kill()

    def pid(self, name: str) -> int:
        """The process id now; 0 before the first start."""
        process = self._keepers[name].process
        return process.pid if process else 0

    def starts(self, name: str) -> int:
        """How often it was started."""
        return self._keepers[name].starts

    def running(self, name: str) -> bool:
        """Whether its process lives at this moment."""
        process = self._keepers[name].process
        return process is not None and process.poll() is None

    def is_ready(self, name: str) -> bool:
        """Whether its present process has said that it is ready."""
        return self._keepers[name].is_ready.is_set()

    def end(self, name: str) -> None:
        """End one program for good."""
        self._keepers.pop(name).end()

    def stop(self) -> None:
        """End all, the newest first."""
        for name in reversed(list(self._keepers)):
            self.end(name)


def tail(log: Path, lines: int = 12) -> list[str]:
    """The last lines of a log; empty if there is none yet."""
    if not log.exists():
        return []
    return log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
