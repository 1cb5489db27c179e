"""Figures of single parts: the journal's commit and the start of cartd, each beside a bare peer."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from cart.core.events import ItemAdded
from cart.shell.journal import Journal
from rig.bench.figures import Figure, percentile

COMMITS = 500
STARTS = 7
BARE_TOML = """\
cart_id = "bench"
tenant = "bench"
store = "bench"
data_folder = "{folder}/data"
screen_socket = "{folder}/screen.sock"
eyes_socket = "{folder}/eyes.sock"
"""
EVENT = ItemAdded(1, "L1", "tomatoes-400g", "Chopped tomatoes 400 g", 1, 129, 129)


def commit(folder: Path) -> Figure:
    """p50 of one durable event, beside SQLite with the same settings and the same bytes."""
    journal = Journal(folder / "journal")
    ours = _timed(lambda: journal.append([EVENT]), COMMITS)
    journal.close()
    bare = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute("PRAGMA synchronous = FULL")
    bare.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, body BLOB)")
    body = msgspec.json.encode(EVENT)
    theirs = _timed(lambda: bare.execute("INSERT INTO events (body) VALUES (?)", (body,)), COMMITS)
    bare.close()
    return Figure(
        "commit of one event p50", percentile(ours, 50), "ms", "",
        percentile(theirs, 50), "bare SQLite, WAL FULL", COMMITS,
    )  # fmt: skip


def ready(folder: Path) -> Figure:
    """p50 from exec to cartd's ready line, beside a Python that does nothing."""
    config = folder / "cart.toml"
    config.write_text(BARE_TOML.format(folder=folder), encoding="utf-8")
    ours = _timed(lambda: _until_ready("cart", "run", "--config", str(config)), STARTS)
    nothing = [sys.executable, "-c", "pass"]
    theirs = _timed(lambda: subprocess.run(nothing, check=True), STARTS)
    return Figure(
        "cartd ready after exec p50", percentile(ours, 50), "ms", "<= 2000",
        percentile(theirs, 50), "python -c pass", STARTS,
    )  # fmt: skip


def _until_ready(*arguments: str) -> None:
    command = [sys.executable, "-m", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.kill()
    assert b"ready" in line, f"cartd did not start: {line!r}"


def _timed(work: Callable[[], object], times: int) -> list[float]:
    """Milliseconds of each of `times` calls."""
    samples = []
    for _ in range(times):
        began_ns = time.perf_counter_ns()
        work()
        samples.append((time.perf_counter_ns() - began_ns) / 1_000_000)
    return samples
