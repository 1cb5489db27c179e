"""What a person sees of words that carts and sheets brought: as they stand, and nothing acts."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from msgspec import ValidationError, json
from msgspec.structs import asdict
from sqlalchemy import insert

from cart.contract.decoding import decoder_of
from cart.contract.fleet import Telemetry
from cart.contract.store import Birth
from cart.core.events import CatalogAdopted, Event, ItemAdded, TripOpened
from store import tables
from store.__main__ import main
from store.database import open_database, transaction
from store.ledger import ingest
from tests.store.shop import CART, batch, import_catalog, rows

BORN = Birth("0123456789abcdef", 1, 0, 0, "[/b]\x1b[31m1.0.0", 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store where a cart was whose version is no version."""
    import_catalog(tmp_path / "store")
    told = Telemetry(1, battery_percent=80, signal_dbm=-60, trust_trouble="held back: 3 days")
    names = ("epoch", "boot_id", "app_version", "catalog_version")
    born = {name: value for name, value in asdict(BORN).items() if name in names}
    with closing(open_database(tmp_path / "store")) as database, transaction(database):
        database.execute(insert(tables.carts).values(cart=CART, online=True, **born))
        health = {"utc_ms": 1_800_000_000_000, "told": json.encode(told)}
        database.execute(insert(tables.health).values(cart=CART, **health))
    return tmp_path / "store"


def test_words_of_a_cart_are_shown_as_they_stand(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No markup and no control characters, and 80 columns show every heading whole."""
    monkeypatch.setenv("COLUMNS", "80")
    capsys.readouterr()
    assert main(["carts", "--data", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert "[/b]" in shown
    assert "\x1b[31m" not in shown
    assert max(map(len, shown.splitlines())) <= 80
    for word in (CART, "online", "events", "version", "battery", "percent", "trouble", "held back"):
        assert word in shown, shown


def test_a_name_in_brackets_is_on_the_receipt(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Milk [bio] is no markup."""
    events: list[Event] = [
        CatalogAdopted(0, 1, ""),
        TripOpened(1, "trip-1", ""),
        ItemAdded(2, "L1", "tomatoes-400g", "Milk [bio] 1 l", 1, 149, 149),
    ]
    with closing(open_database(folder)) as database, transaction(database):
        ingest(database, CART, batch(rows(events)))
    capsys.readouterr()
    assert main(["receipt", "--data", str(folder), "trip-1"]) == 0
    assert "Milk [bio] 1 l" in capsys.readouterr().out


@pytest.mark.parametrize(
    "change",
    [
        {"app_version": "x" * 65}, {"boot_id": "x" * 65}, {"epoch": 0}, {"catalog_version": -1},
        {"last_seq": -1}, {"acked_seq": -1},
    ],
)  # fmt: skip
def test_a_birth_has_bounds(change: dict[str, object]) -> None:
    """What no cart says is refused before it is kept."""
    with pytest.raises(ValidationError, match=next(iter(change))):
        decoder_of(Birth).decode(json.encode(asdict(BORN) | change))
