"""The numbers of receipts: none that a cart tells of is given again, also by a store that came back
from an old backup.

Carts say which receipt they got. A number above all that the store knows was given by the store
that was lost: the next one lies above it. It must never lower a number, nor take a cart's word for
a payment: that is for a person (`store.doubts`).
"""

from __future__ import annotations

import re

from sqlalchemy import Connection

LEAP_MAX = 1_000_000
"""So far above the newest a number may lie that a cart names; nobody may use up all of them."""
NUMBERED = re.compile(r"R([0-9]{8,18})")
NEWEST = {
    "sqlite": "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'payments'",
    "postgresql": "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM payments_number_seq",
}
# SQLite's list has no key, nor a row of a table that nothing was inserted into.
GO_ON = {
    "sqlite": [
        "DELETE FROM sqlite_sequence WHERE name = 'payments'",
        "INSERT INTO sqlite_sequence (name, seq) VALUES ('payments', {number})",
    ],
    "postgresql": ["SELECT setval('payments_number_seq', {number})"],
}


def told(database: Connection, receipt_id: str) -> None:
    """A cart has this receipt."""
    found = NUMBERED.fullmatch(receipt_id)
    newest: int = database.exec_driver_sql(NEWEST[database.dialect.name]).scalar_one()
    if found is not None and newest < (number := int(found[1])) <= newest + LEAP_MAX:
        for words in GO_ON[database.dialect.name]:
            database.exec_driver_sql(words.format(number=number))
