"""Debian's PostgreSQL for a test run: in a temporary folder, on a Unix socket, never as root."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from tests.waiting import DEADLINE_S, until

INSTALLED = Path("/usr/lib/postgresql")
OWNER = "nobody"
# Tests kill processes, not the machine's power: what was written outlives that without a sync.
OPTIONS = {"listen_addresses": "", "log_min_messages": "error", "fsync": "off"}


class Server:
    """A running server; it has no network, and its socket lies in its own folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, schema: str = "public") -> str:
        """The URL of its database, with one of its schemas as the place of the tables."""
        where = f"host={self.folder}&options=-csearch_path%3D{schema}"
        return f"postgresql+psycopg://store@/postgres?{where}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = [word for name, value in OPTIONS.items() for word in ("-c", f"{name}={value}")]
        command = [_program("postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder)]
        with (self.folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [*_as_owner(), *command, *options], stdout=log, stderr=log, cwd=self.folder
            )
        until(lambda: self.does("SELECT 1"), f"PostgreSQL in {self.folder}")

    def stop(self) -> None:
        """End it at once, as in a crash: its processes go, and what they committed stays."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(DEADLINE_S)
            self._process = None

    def does(self, statement: str) -> bool:
        """Run a statement outside a transaction; False if the server does not answer yet."""
        engine = create_engine(self.url(), poolclass=NullPool)
        try:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as database:
                database.exec_driver_sql(statement)
        except OperationalError:
            return False
        return True


@contextmanager
def running() -> Iterator[Server]:
    """A fresh server for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="dashcart-postgresql-") as name:
        if os.getuid() == 0:
            shutil.chown(name, OWNER)
        made = [_program("initdb"), "-D", f"{name}/data", "-U", "store", "-A", "trust"]
        made += ["--encoding=UTF8", "--no-sync"]
        subprocess.run([*_as_owner(), *made], check=True, capture_output=True, cwd=name)
        server = Server(Path(name))
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _as_owner() -> list[str]:
    """PostgreSQL refuses to run as root; what starts it there becomes somebody harmless."""
    if os.getuid() != 0:
        return []
    owner = pwd.getpwnam(OWNER)
    ids = [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    return ["setpriv", *ids, "--"]


def _program(name: str) -> str:
    found = sorted(INSTALLED.glob(f"*/bin/{name}"))
    assert found, "install it with: apt-get install postgresql"
    return str(found[-1])
