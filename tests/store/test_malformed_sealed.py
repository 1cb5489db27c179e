"""Malformed goods and rows under true signatures, hashes and chains: what lies behind the seal.

Nothing is refused here for its seal alone. What the store itself signed in error, or what a broken
cart wrote into its own chain, must still be one named error, and change nothing.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import msgspec
import pytest
from msgspec import Raw
from msgspec.structs import replace
from sqlalchemy import Connection

from cart.contract.deltas import canonical, change_between
from cart.contract.goods import CHUNK_BYTES_MAX, CatalogDelta, CatalogHead
from cart.contract.lines import ContractError
from cart.contract.signing import head_text, published_text
from cart.contract.store import FIRST_HASH, Entry, EventBatch, PayRequest, Snap, chain_hash
from cart.core.catalog import Catalog, CatalogError
from cart.shell.clock import monotonic_ms
from cart.shell.newest import Newest
from cart.shell.store_catalog import CatalogIntake, StoreKey
from cart.shell.store_published import KINDS, PublishedIntake
from store import catalogs, counter, healing, ledger, trips
from store.database import open_database
from store.keys import Signer, signer_of
from tests.data import ROOT
from tests.mutations import MUTATIONS, refuse_or_read
from tests.store.shop import CART, CATALOG, STORE, TENANT, trip_events

REFUSALS = (ContractError, CatalogError)
LATE_UTC_MS = 1 << 50
NEXT = replace(CATALOG, version=2, products=(replace(CATALOG.products[0], price_minor=99),))
BODIES = {
    "recall": [b'[{"sku":"bananas","reason":"glass","lots":["L1"]}]', b"null"],
    "deals": [msgspec.json.encode(
        msgspec.json.decode((ROOT / "rig/demo/catalog.json").read_bytes())["deals"]), b"null"],
    "planogram": [b'[{"aisle":"A1","name":"Fruit","skus":["bananas"]}]', b"null"],
}  # fmt: skip
GOLDEN = [
    bytes(msgspec.json.decode(line, type=Entry).event)
    for file in sorted((ROOT / "tests/golden").glob("*.jsonl"))
    for line in file.read_bytes().splitlines()
]


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    """The store's own."""
    (tmp_path / "store").mkdir()
    return signer_of(tmp_path / "store")


def intake(signer: Signer, folder: Path) -> CatalogIntake:
    """A cart's."""
    folder.mkdir(exist_ok=True)
    return CatalogIntake(TENANT, STORE, StoreKey(signer.public_pem), folder)


def published_intake(signer: Signer, folder: Path) -> PublishedIntake:
    """Of what is published beside the catalog."""
    key = StoreKey(signer.public_pem)
    return PublishedIntake(TENANT, STORE, key, folder, Newest(None, CART, monotonic_ms))


def sealed(signer: Signer, data: bytes, version: int) -> tuple[CatalogHead, list[bytes]]:
    """Any bytes as the store would publish them: a head that is true, and its chunks."""
    cuts = [data[at : at + CHUNK_BYTES_MAX] for at in range(0, max(1, len(data)), CHUNK_BYTES_MAX)]
    pieces = [zlib.compress(cut) for cut in cuts]
    head = CatalogHead(
        version, hashlib.sha256(data).hexdigest(), max(1, len(data)), len(pieces), "",
        tuple(hashlib.sha256(piece).hexdigest() for piece in pieces),
    )  # fmt: skip
    return replace(head, signature=signer.sign(head_text(TENANT, STORE, head))), pieces


def take(cart: CatalogIntake, signer: Signer, data: bytes, version: int) -> Catalog | None:
    """Offer these bytes as the next catalog, and give all chunks."""
    head, pieces = sealed(signer, data, version)
    cart.offer(head)
    taken = None
    for number, piece in enumerate(pieces):
        taken = cart.chunk(head.sha256, str(number), piece)
    return taken


def test_a_signed_catalog_of_anything_is_read_or_refused(signer: Signer, tmp_path: Path) -> None:
    """Its head and pieces are true, its bytes are not a catalog: the old one stays in use."""
    cart = intake(signer, tmp_path / "cart")
    assert take(cart, signer, canonical(CATALOG), 1) == CATALOG

    def offer(data: bytes) -> None:
        used = cart.version
        try:
            take(cart, signer, data, cart.version + 1)
        finally:
            assert (cart.version == used) or cart.version == used + 1

    samples = [canonical(replace(CATALOG, version=version)) for version in range(1, 40)]
    refuse_or_read(offer, samples, REFUSALS)
    assert intake(signer, tmp_path / "cart").restore() is not None


def test_packed_chunks_of_anything_are_refused(signer: Signer, tmp_path: Path) -> None:
    """Hashes fit, but the bytes do not unpack, or to far more than a chunk: never a catalog."""
    bomb = zlib.compress(b" " * 50_000_000)

    def offer(piece: bytes) -> None:
        cart = intake(signer, tmp_path / "cart")
        true, _ = sealed(signer, canonical(CATALOG), 1)
        head = replace(true, pieces=(hashlib.sha256(piece).hexdigest(),))
        cart.offer(replace(head, signature=signer.sign(head_text(TENANT, STORE, head))))
        cart.chunk(head.sha256, "0", piece)

    refuse_or_read(offer, [zlib.compress(canonical(CATALOG)), bomb], REFUSALS)
    with pytest.raises(CatalogError, match="too long"):
        offer(bomb)


def test_signed_changes_of_anything_are_taken_whole_or_refused(
    signer: Signer, tmp_path: Path
) -> None:
    """A change whose body is damaged leads to the catalog of its head or to none."""
    head, _ = sealed(signer, canonical(NEXT), 2)
    change = replace(change_between(CATALOG, NEXT), head=head)

    def offer(body: bytes) -> None:
        cart = intake(signer, tmp_path / "cart")
        before = cart.restore()
        try:
            raw = Raw(body)
            delta = CatalogDelta(2, raw, "", 0)
            signature = signer.sign(published_text(TENANT, STORE, delta))
            assert cart.change(replace(delta, signature=signature), LATE_UTC_MS) in {NEXT, None}
        finally:
            assert cart.version in {1, 2}
            kept = intake(signer, tmp_path / "cart").restore()
            assert kept in (before, NEXT)
            take_again(signer, tmp_path / "cart")

    take_again(signer, tmp_path / "cart")
    refuse_or_read(offer, [msgspec.json.encode(change)], REFUSALS)


def take_again(signer: Signer, folder: Path) -> None:
    """The first catalog, in an empty folder."""
    for file in folder.glob("*") if folder.exists() else ():
        file.unlink()
    assert take(intake(signer, folder), signer, canonical(CATALOG), 1) == CATALOG


@pytest.mark.parametrize("name", KINDS)
def test_signed_news_of_anything_is_read_or_refused(
    name: str, signer: Signer, tmp_path: Path
) -> None:
    """Recalls, deals and aisles with a damaged body under a true signature; after each the cart
    comes up again."""
    (tmp_path / "cart").mkdir()
    version = 0

    def offer(body: bytes) -> None:
        nonlocal version
        version += 1
        news = published_intake(signer, tmp_path / "cart")
        published = KINDS[name][0](version, Raw(body), "", 0)
        signature = signer.sign(published_text(TENANT, STORE, published))
        news.came(name, msgspec.json.encode(replace(published, signature=signature)), LATE_UTC_MS)

    refuse_or_read(offer, BODIES[name], REFUSALS)
    again = published_intake(signer, tmp_path / "cart")
    assert [told for told in again.restore() if isinstance(told, CatalogError)] == []


def chained(events: list[bytes]) -> tuple[Entry, ...]:
    """Rows of any bytes, chained as a journal does it."""
    made: list[Entry] = []
    for event in events:
        last_hash = made[-1].hash if made else FIRST_HASH
        made.append(Entry(len(made) + 1, Raw(event), chain_hash(last_hash, event)))
    return tuple(made)


@contextmanager
def forgotten(database: Connection) -> Iterator[None]:
    """What happens inside did not happen."""
    doing = database.begin()
    try:
        yield
    finally:
        doing.rollback()


def told(database: Connection, row: Entry) -> None:
    """All that the service does when such rows are in: the view, the snapshot, the payment."""
    for trip in trips.all_trips(database):
        healing.view(database, CART)
        snap = Snap(trip.trip_id, 1, 1, row.seq, row.hash, Raw(b'{"phase":"open","lines":[]}'))
        for work in (
            lambda snap=snap: healing.take(database, CART, snap),
            lambda trip=trip: counter.pay(
                database, CART, PayRequest(trip.trip_id, 1, 319, 1, row.seq)
            ),
            lambda trip=trip: trips.priced(database, trip),
        ):
            with suppress(ContractError):
                work()


def test_rows_of_anything_are_stored_or_refused(tmp_path: Path) -> None:
    """A cart chains damaged events into its own journal: each batch is taken, rows that can't be
    read are rejected by number, and adding up the trip is an answer or a refusal."""
    trip = [msgspec.json.encode(event) for event in trip_events("trip-1", 2)]
    with closing(open_database(tmp_path)) as database:
        with database.begin():
            catalogs.add(database, CATALOG)

        def ingest(event: bytes) -> None:
            try:
                msgspec.json.decode(event)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                event = b'{"kind":"nothing_we_know"}'  # what is no JSON never was in a message
            rows = chained([*trip, event, *trip[2:]])
            with forgotten(database):
                ack = ledger.ingest(database, CART, EventBatch(1, rows), 1)
                assert ack.upto_seq == len(rows)
                assert {row.seq for row in ack.rejected} <= {len(trip) + 1}
                told(database, rows[-1])

        refuse_or_read(ingest, GOLDEN, (), times=MUTATIONS // 3)
