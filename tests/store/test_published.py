"""What the store publishes is at the broker as long as it holds, and not before its hour."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete

from cart.contract.goods import Recalls
from cart.contract.store import Packet, decode, parse
from store import catalogs, published, tables
from store.database import open_database, transaction
from store.keys import signer_of
from store.news import Fleet, News
from store.trusted import Repository
from tests.store.shop import CATALOG, STORE, TENANT

DAY_MS = 86_400_000
BEGAN_UTC_MS = 1_790_000_000_000
TABLES = ("recall", "deals", "planogram")


class Saying:
    """A store that says its news; `now_ms` is its wall clock."""

    def __init__(self, folder: Path, database: Connection) -> None:
        self.database = database
        self.now_ms = BEGAN_UTC_MS
        trusted = Repository(
            folder / "trust", lambda: datetime.fromtimestamp(self.now_ms // 1_000, UTC)
        )
        names = (TENANT, STORE)
        fleet = Fleet(repository=trusted)
        self.news = News(database, signer_of(folder), names, fleet, lambda: self.now_ms)

    def publish(self, kind: str, at_utc_ms: int = 0, reason: str = "glass") -> int:
        """A person publishes a table; its version."""
        rows = [{"sku": "tea", "reason": reason}] if kind == "recall" else []
        with transaction(self.database):
            return published.add(self.database, kind, rows, self.now_ms, at_utc_ms)

    def said(self) -> list[Packet]:
        """What it says by now."""
        return [said for look in self.news.looks() for said in look()]

    def recalls(self) -> list[Recalls]:
        """Its recalls among them."""
        return [
            decode(Recalls, said.payload)
            for said in self.said()
            if parse(said.topic).channel.name == "recall"
        ]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Saying]:
    """A store with a catalog."""
    with closing(open_database(tmp_path)) as database:
        with transaction(database):
            catalogs.add(database, CATALOG)
        yield Saying(tmp_path, database)


def test_what_holds_outlives_a_quiet_week_at_the_broker(store: Saying) -> None:
    """Nobody does anything for eight days: all that the broker keeps is there on each of them."""
    for kind in TABLES:
        store.publish(kind)
    ends_ms: dict[str, int] = {}
    for hour in range(8 * 24):
        store.now_ms = BEGAN_UTC_MS + hour * 3_600_000
        for said in store.said():
            if said.retain and said.expiry_s is not None:
                ends_ms[said.topic] = store.now_ms + said.expiry_s * 1_000
    kept = {parse(topic).channel.name for topic, ends in ends_ms.items() if ends > store.now_ms}
    assert kept == {*TABLES, "catalog_head", "catalog_chunk", "trust"}
    assert store.said() == []


def test_what_is_dated_for_later_leaves_what_holds_now(store: Saying) -> None:
    """Two recalls for later, the later one published first: at each hour the one that holds is
    said, also to a broker that has forgotten all, and no cart drops it for an older number."""
    hours = [BEGAN_UTC_MS, BEGAN_UTC_MS + 60_000, BEGAN_UTC_MS + 120_000]
    last = store.publish("recall", hours[2], "metal")
    now = store.publish("recall")
    between = store.publish("recall", hours[1], "milk")
    assert now < between < last
    for hour, version in zip(hours, [now, between, last], strict=True):
        store.now_ms = hour
        assert [each.version for each in store.recalls()] == [version]
        assert store.recalls() == []
        store.news.begin_anew()
        assert [each.version for each in store.recalls()] == [version]
        store.now_ms += 59_999
        assert store.recalls() == []


def test_what_is_published_after_a_backup_was_brought_back_is_newer(store: Saying) -> None:
    """The database has forgotten what carts know; the next recall goes above it all the same."""
    with transaction(store.database):
        for _ in range(3):
            known = published.add(store.database, "recall", [], BEGAN_UTC_MS)
        store.database.execute(delete(tables.published))
    store.now_ms += 1_000
    store.publish("recall")
    (said,) = store.recalls()
    assert said.version > known
