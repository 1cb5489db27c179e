"""What the store's tests share: a whole shop, and a database (SQLite everywhere, PostgreSQL in
`make test-machines`)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection

from store.database import open_database
from tests.store import postgresql
from tests.store.open_shop import Shop, open_shop

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.machines)]


@pytest.fixture(scope="session")
def server() -> Iterator[postgresql.Server]:
    """One server for all tests of a run."""
    with postgresql.running() as started:
        yield started


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> str | None:
    """Where the database is: None for the file in the store's folder, or the URL of a fresh one."""
    if request.param == "sqlite":
        return None
    server: postgresql.Server = request.getfixturevalue("server")
    name = f"store_{secrets.token_hex(4)}"
    assert server.does(f"CREATE SCHEMA {name}")
    return server.url(name)


@pytest.fixture
def database(database_url: str | None, tmp_path: Path) -> Iterator[Connection]:
    """An empty database of a store."""
    with closing(open_database(tmp_path, database_url)) as opened:
        yield opened


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop on iotcore."""
    with open_shop(tmp_path) as opened:
        yield opened
