"""The supervisor with real processes: it starts, restarts, kills and ends them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from rig.supervisor import Program, Supervisor, SupervisorError
from tests.waiting import until

FOREVER = "import signal; print('up', flush=True); signal.pause()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {FOREVER}"


def program(name: str, code: str, **options: object) -> Program:
    """A row that runs Python code."""
    return Program(name, (sys.executable, "-c", code), **options)  # type: ignore[arg-type]  # any field of it


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    """A table without programs."""
    with Supervisor(tmp_path) as started:
        yield started


def is_gone(pid: int) -> bool:
    """Whether no process has this id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def has_started_twice(supervisor: Supervisor, name: str) -> bool:
    """Whether the program was started again."""
    return supervisor.starts(name) == 2


def test_a_killed_program_starts_again(supervisor: Supervisor) -> None:
    """Two programs killed together are both back, as new processes."""
    for name in ("one", "two"):
        supervisor.start(program(name, FOREVER, ready="up"))
        supervisor.wait_ready(name)
    before = {name: supervisor.pid(name) for name in ("one", "two")}
    supervisor.kill(before)
    for name, pid in before.items():
        until(partial(has_started_twice, supervisor, name), f"{name} again")
        supervisor.wait_ready(name)
        assert supervisor.pid(name) != pid
        assert is_gone(pid)


def test_stop_ends_even_what_ignores_sigterm(tmp_path: Path) -> None:
    """Nothing outlives the supervisor."""
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(program("stubborn", STUBBORN, ready="up"))
        supervisor.wait_ready("stubborn")
        pid = supervisor.pid("stubborn")
    assert is_gone(pid)


def test_a_program_that_says_it_cannot_is_left_alone(supervisor: Supervisor) -> None:
    """A status of `gives_up` is an answer, not a crash."""
    code = "print('no window here', flush=True); raise SystemExit(3)"
    supervisor.start(program("screen", code, ready="up", gives_up=frozenset({3})))
    with pytest.raises(SupervisorError, match="no window here"):
        supervisor.wait_ready("screen")
    assert supervisor.starts("screen") == 1
    assert not supervisor.running("screen")


def test_what_a_program_prints_is_in_its_log(supervisor: Supervisor, tmp_path: Path) -> None:
    """Standard output and error, both."""
    code = f"import sys; print('oops', file=sys.stderr, flush=True); {FOREVER}"
    supervisor.start(program("talker", code, ready="up"))
    supervisor.wait_ready("talker")
    assert (tmp_path / "talker.log").read_text(encoding="utf-8").split() == ["oops", "up"]
