"""The cart takes in a catalog whole, newer and signed, or not at all; and goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import Raw
from msgspec.structs import replace
from sqlalchemy import Connection

from cart.contract.goods import CHUNK_BYTES_MAX, CatalogHead, Planogram
from cart.contract.lines import encode
from cart.contract.signing import published_text
from cart.contract.store import Packet, decode
from cart.core.catalog import CatalogError
from cart.core.observations import AislesCame, CatalogArrived, InputRefused
from cart.shell.store_catalog import CatalogIntake, StoreKey
from store import catalogs
from store.database import open_database
from store.keys import Signer, signer_of
from tests.store.shop import CATALOG, STORE, TENANT, CartLink, import_catalog

LARGE = replace(
    CATALOG,
    products=tuple(
        replace(CATALOG.products[0], sku=f"sku-{number}", name="n" * 190) for number in range(1_000)
    ),
)


class Publisher:
    """A store with one large catalog, and what it publishes."""

    def __init__(self, folder: Path) -> None:
        import_catalog(folder, LARGE)
        self.signer: Signer = signer_of(folder)
        self.folder = folder.parent
        database: Connection
        with closing(open_database(folder)) as database:
            self.sha256 = catalogs.newest_sha256(database)
            *self.chunks, head = self._packets(database)
        self.head = decode(CatalogHead, head.payload)

    def _packets(self, database: Connection) -> Iterator[Packet]:
        return catalogs.packets(database, self.signer, TENANT, STORE, self.sha256)

    def intake(self, store: str = STORE) -> CatalogIntake:
        """A cart of a store, with the publisher's public key."""
        return CatalogIntake(TENANT, store, StoreKey(self.signer.public_pem), self.folder)


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    """A store with its catalog in several chunks."""
    made = Publisher(tmp_path / "store")
    assert len(made.chunks) > 3
    return made


def take(intake: CatalogIntake, publisher: Publisher, count: int) -> object:
    """Ask for chunks as the link does, and take `count` of them; what the last one gave."""
    taken: object = None
    for _ in range(count):
        asked = intake.next_chunk()
        assert asked is not None
        taken = intake.chunk(*asked, publisher.chunks[int(asked[1])].payload)
    return taken


def test_collecting_goes_on_where_it_was(publisher: Publisher) -> None:
    """After a lost connection only the missing chunks are asked for; the last makes it whole."""
    intake = publisher.intake()
    assert intake.offer(publisher.head)
    assert take(intake, publisher, 2) is None
    assert intake.offer(publisher.head)
    assert take(intake, publisher, len(publisher.chunks) - 2) == LARGE
    assert not intake.offer(publisher.head)


def test_the_file_is_checked_again(publisher: Publisher) -> None:
    """The kept catalog is read back after a restart; one changed byte, or another store, is not."""
    intake = publisher.intake()
    intake.offer(publisher.head)
    take(intake, publisher, len(publisher.chunks))
    assert publisher.intake().restore() == LARGE
    with pytest.raises(CatalogError, match="not signed"):
        publisher.intake(store="store-2").restore()
    file = publisher.folder / "catalog.signed"
    file.write_bytes(file.read_bytes().replace(b'"price_minor":149', b'"price_minor":1', 1))
    with pytest.raises(CatalogError, match="not what its head says"):
        publisher.intake().restore()


@pytest.mark.parametrize(
    ("number", "piece"),
    [("0", b"x" * CHUNK_BYTES_MAX), ("0", b"x" * (CHUNK_BYTES_MAX + 1)), ("99", b"x"), ("a", b"x")],
)
def test_a_wrong_chunk_is_refused(publisher: Publisher, number: str, piece: bytes) -> None:
    """Bytes that the head didn't promise never become a catalog, and nothing is written."""
    intake = publisher.intake()
    intake.offer(publisher.head)
    for place, chunk in enumerate(publisher.chunks[1:], 1):
        assert intake.chunk(publisher.sha256, str(place), chunk.payload) is None
    with pytest.raises(CatalogError):
        intake.chunk(publisher.sha256, number, piece)
    assert intake.version == 0
    assert not (publisher.folder / "catalog.signed").exists()


def test_a_file_that_cannot_be_read_is_refused(publisher: Publisher) -> None:
    """A disk's trouble is a refusal with its name, and the cart starts without a catalog."""
    (publisher.folder / "catalog.signed").mkdir()
    with pytest.raises(CatalogError, match=r"catalog\.signed: Is a directory"):
        publisher.intake().restore()


def test_an_older_head_is_refused(publisher: Publisher) -> None:
    """A head that was signed once can't bring its old prices back."""
    intake = publisher.intake()
    intake.version, intake.sha256 = 2, "f" * 64
    with pytest.raises(CatalogError, match="higher version"):
        intake.offer(publisher.head)


def test_a_changed_head_is_refused(publisher: Publisher) -> None:
    """Each value of the head is under the signature."""
    for changed in (
        replace(publisher.head, version=2),
        replace(publisher.head, size_bytes=1),
        replace(publisher.head, sha256="a" * 64),
    ):
        with pytest.raises(CatalogError, match="not signed"):
            publisher.intake().offer(changed)


def test_a_torn_file_keeps_no_other_back(publisher: Publisher) -> None:
    """Power went while the deals were written: the cart says so, and comes up with its catalog and
    where things stand."""
    intake = publisher.intake()
    intake.offer(publisher.head)
    take(intake, publisher, len(publisher.chunks))
    bare = Planogram(1, Raw(b"[]"), "")
    signature = publisher.signer.sign(published_text(TENANT, STORE, bare))
    kept = encode(replace(bare, signature=signature))
    (publisher.folder / "published.planogram").write_bytes(kept)
    (publisher.folder / "published.deals").write_bytes(b'{"version":1,"bo')
    with CartLink(publisher.folder, ("127.0.0.1", 1), publisher.folder / "store/store.pub") as cart:
        assert "published.deals" in cart.hear(InputRefused).reason
        assert cart.hear(AislesCame).aisles == ()
        assert cart.hear(CatalogArrived).catalog == LARGE
