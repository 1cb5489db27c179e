"""Statements of the way that every batch of rows takes: made once, and said to SQLite's own driver.

A cart waits for each of them, and from a statement to the driver SQLAlchemy takes several times as
long as SQLite does. Any other database gets them as usual. A driver's error comes as its own kind,
which `store.database` knows. They must never begin or end a transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Delete, Insert, Select, Update
from sqlalchemy.dialects import sqlite

Values = Mapping[str, Any]
IN_ORDER = sqlite.dialect(paramstyle="qmark")


class Prepared:
    """One statement; `columns` are those that an insert or update gives values."""

    def __init__(self, statement: Select[Any] | Insert | Update | Delete, *columns: str) -> None:
        self._statement = statement
        made: Any = statement.compile(dialect=IN_ORDER, column_keys=columns or None)
        self._text = str(made)
        self._order: tuple[str, ...] = tuple(made.positiontup)

    def first(self, database: Connection, values: Values) -> tuple[Any, ...] | None:
        """The first row that is found; None: there is none."""
        driver = _driver_of(database)
        if driver is None:
            found = database.execute(self._statement, dict(values)).first()
            return None if found is None else tuple(found)
        row: tuple[Any, ...] | None = driver.execute(self._text, self._placed(values)).fetchone()
        return row

    def run(self, database: Connection, rows: Sequence[Values]) -> None:
        """Do it with each of these values."""
        driver = _driver_of(database)
        if driver is None:
            database.execute(self._statement, [dict(row) for row in rows])
        else:
            driver.executemany(self._text, map(self._placed, rows))

    def _placed(self, values: Values) -> tuple[Any, ...]:
        return tuple([values[name] for name in self._order])


def say(database: Connection, words: str) -> None:
    """Plain words of SQL, without a value."""
    driver = _driver_of(database)
    (database.exec_driver_sql if driver is None else driver.execute)(words)


def _driver_of(database: Connection) -> sqlite3.Connection | None:
    driver = database.connection.driver_connection
    return driver if isinstance(driver, sqlite3.Connection) else None
