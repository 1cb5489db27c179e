"""A store on PostgreSQL: nothing lost when its service or its database's server is killed."""

from __future__ import annotations

import secrets
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from cart.core.observations import CatalogArrived, LinkChanged
from rig.broker import Broker
from store.__main__ import main as store_main
from store.database import open_database
from store.tables import events
from tests.store.postgresql import Server
from tests.store.shop import CATALOG, CartLink, StoreProcess, item, trip_events
from tests.waiting import until

pytestmark = pytest.mark.machines


def test_events_survive_kills_of_service_and_server(tmp_path: Path, server: Server) -> None:
    """Through SIGKILL of the service and a crash of the server: each row once, in order."""
    schema = f"store_{secrets.token_hex(4)}"
    assert server.does(f"CREATE SCHEMA {schema}")
    folder, there = tmp_path / "store", ("--database", server.url(schema))
    file = tmp_path / "catalog.json"
    file.write_bytes(msgspec.json.encode(CATALOG))
    assert store_main(["import", "--data", str(folder), *there, str(file)]) == 0
    with (
        Broker(tmp_path, "iotcore") as broker,
        StoreProcess(folder, (broker.host, broker.port), *there) as store,
        CartLink(tmp_path / "cart", (broker.host, broker.port), folder / "store.pub") as cart,
    ):
        cart.hear(CatalogArrived)
        assert cart.hear(LinkChanged).online
        cart.write(trip_events("trip-1", 48))
        until(lambda: cart.journal.acked_seq, "the first acknowledgement")
        store.kill()
        cart.write([item(number) for number in range(50, 100)])
        store.start()
        until(cart.is_all_acked, "everything acknowledged after the service's kill")
        server.stop()
        cart.write([item(number) for number in range(100, 150)])
        server.start()
        until(cart.is_all_acked, "everything acknowledged after the server's crash")
        written = [(row.seq, row.hash) for row in cart.journal.entries_after(0, 1_000)]
    with closing(open_database(folder, server.url(schema), read_only=True)) as database:
        order = select(events.c.seq, events.c.hash).order_by(events.c.number)
        stored = [tuple(row) for row in database.execute(order)]
    assert len(written) == 150
    assert stored == written
