"""The store's commands: clear errors, safe keys, tables and JSON for a person and a program."""

from __future__ import annotations

import stat
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from cart import mqtt
from cart.core.catalog import CatalogError
from cart.core.events import ItemAdded
from cart.core.weighed import Weighing
from cart.shell.config import ConfigError
from cart.shell.store_catalog import StoreKey
from store import catalogs
from store.__main__ import main
from store.database import open_database, transaction
from store.keys import signer_of
from store.ledger import ingest
from store.show import why
from store.trips import PricedTrip
from tests.store.shop import CART, CATALOG, batch, import_catalog, rows, trip_events


def test_import_makes_a_key_for_its_owner_only(tmp_path: Path) -> None:
    """The private key is its owner's alone; the public one lies beside it and stays the same."""
    folder = tmp_path / "store"
    import_catalog(folder)
    for name in ("store.key", "store.sqlite"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    public = (folder / "store.pub").read_bytes()
    import_catalog(folder)
    assert (folder / "store.pub").read_bytes() == public
    assert StoreKey(public).has_signed(b"text", signer_of(folder).sign(b"text"))
    assert not StoreKey(public).has_signed(b"texts", signer_of(folder).sign(b"text"))


def test_a_key_that_is_none_is_named() -> None:
    """A cart with a broken public key says so before it starts."""
    with pytest.raises(ConfigError, match=r"store\.pub"):
        StoreKey(b"-----BEGIN NOTHING-----")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"products": [{"sku": "x"}]}, "products"),
        ({"version": 0}, "version"),
        ({"version": 2**63 - 1}, "version 9223372036854775807; at most"),
        ({"version": 2**70}, "version"),
        ({"currency": "dollars"}, "currency"),
    ],
)
def test_a_bad_catalog_is_refused(
    tmp_path: Path, change: dict[str, object], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the carts would refuse is not imported, and the error names the place."""
    file = tmp_path / "catalog.json"
    file.write_bytes(msgspec.json.encode(msgspec.to_builtins(CATALOG) | change))
    assert main(["import", "--data", str(tmp_path / "store"), str(file)]) == 1
    assert said in capsys.readouterr().err


def test_a_version_is_one_catalog_for_ever(tmp_path: Path) -> None:
    """Another catalog under a version that was published is refused."""
    folder = tmp_path / "store"
    import_catalog(folder)
    changed = msgspec.structs.replace(CATALOG, currency="EUR")
    with (
        closing(open_database(folder)) as database,
        pytest.raises(CatalogError, match="raise the version"),
    ):
        catalogs.add(database, msgspec.json.encode(changed))


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--broker", "nowhere"],
        ["run", "--broker", "store.example:8883"],
        ["run", "--broker", "127.0.0.1:99999"],
        ["run", "--tenant", "a/b"],
        ["import", "no-such-file.json"],
        ["cars"],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str], tmp_path: Path) -> None:
    """Wrong arguments are refused before anything happens; plain text off loopback is wrong too."""
    given = {"--data": str(tmp_path), "--tenant": "acme", "--store": "s", "--broker": "127.0.0.1:1"}
    needed = given if arguments[0] == "run" else {"--data": str(tmp_path)}
    missing = [word for name, value in needed.items() if name not in arguments
               for word in (name, value)]  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        main([*arguments, *missing])
    assert ended.value.code == 2


def test_plain_text_stays_on_loopback() -> None:
    """Without TLS no connection leaves this machine."""
    with pytest.raises(ValueError, match="plain text"):
        mqtt.Endpoint("192.0.2.1", 1883)
    assert not mqtt.Endpoint("::1", 1883).is_encrypted


def test_tls_by_halves_is_refused() -> None:
    """A forgotten key file never turns encryption off silently, on loopback neither."""
    with pytest.raises(ValueError, match="all three"):
        mqtt.Endpoint("127.0.0.1", 8883, ca=Path("ca.pem"))


def test_the_receipt_has_the_carts_own_weighing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Net, tare, prices and readings as the cart stated them, for a program and for a person."""
    folder = tmp_path / "store"
    import_catalog(folder)
    weighing = Weighing(740_000, 12_000, 199, 147, 0, 101, 105, "metrology ab")
    named = ("L9", "bananas", "Bananas", 1, 199, 147, 740_000)
    bananas = ItemAdded(9, *named, weighing=weighing)
    with closing(open_database(folder)) as database, transaction(database):
        ingest(database, CART, batch(rows([*trip_events("trip-1", 1), bananas])))
    capsys.readouterr()
    assert main(["receipt", "--data", str(folder), "trip-1", "--json"]) == 0
    trip = msgspec.json.decode(capsys.readouterr().out, type=PricedTrip)
    assert [line.weighing for line in trip.receipt.lines] == [None, weighing]
    said = why(trip.lines[1])
    assert "net 0.740 kg tare 0.012 kg readings 101-105 of metrology ab" in said


def test_a_person_sees_trips_and_receipts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tables show the trip's total and why each line is there; an unknown trip is said to be."""
    folder = tmp_path / "store"
    import_catalog(folder)
    with closing(open_database(folder)) as database, transaction(database):
        ingest(database, CART, batch(rows(trip_events("trip-1", 2))))
    capsys.readouterr()
    assert main(["trips", "--data", str(folder), "--json"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out)["total_minor"] == 319
    assert main(["receipt", "--data", str(folder), "trip-1"]) == 0
    shown = capsys.readouterr().out
    assert "3.19" in shown
    assert "by fusion" in shown
    assert main(["receipt", "--data", str(folder), "trip-2"]) == 1
    assert "no trip or receipt trip-2" in capsys.readouterr().err
    assert main(["carts", "--data", str(tmp_path / "elsewhere")]) == 1


@pytest.mark.parametrize(
    ("given", "begin"),
    [
        (["member", "ann"], "run"),
        (["member", "ann", "--end"], "run"),
        (["price", "bananas", "1.49"], "run"),
        (["publish", "deals", "--end"], "run"),
        (["claim", "cart-7", "--out", "{folder}/claim.pem"], "broker"),
    ],
)
def test_a_mistyped_folder_begins_no_store(
    tmp_path: Path, given: list[str], begin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else a member, a price or a cart would be of a store that nobody runs; the advice says how
    one begins."""
    typo = tmp_path / "stroe"
    named = [word.format(folder=tmp_path) for word in given]
    assert main([*named, "--data", str(typo)]) == 1
    assert f"begin one with: python -m store {begin}" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("out", ["\0/q", "\udcff", "a\nb", ""])
def test_a_path_that_cant_be_said_makes_nothing(
    tmp_path: Path, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is refused before an authority or a key is made."""
    broker = ["broker", "--tenant", "acme", "--store", "7", "--host", "localhost", "--out", out]
    for given in (broker, ["claim", "cart-7", "--out", out]):
        with pytest.raises(SystemExit) as ended:
            main([*given, "--data", str(tmp_path / "store")])
        assert ended.value.code == 2
        assert "letters that can be printed" in capsys.readouterr().err
    assert not (tmp_path / "store").exists()


def test_a_brokers_folder_may_have_any_letters(tmp_path: Path) -> None:
    """mosquitto reads paths as UTF-8."""
    out = tmp_path / "Märkte"
    given = ["--tenant", "acme", "--store", "7", "--host", "localhost", "--out", str(out)]
    assert main(["broker", "--data", str(tmp_path / "store"), *given]) == 0
    assert str(out) in (out / "dashcart.conf").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "given",
    [
        ["receipt", "\udcff"], ["receipt", "\udcff", "--json"], ["receipt", "a\0b"],
        ["credit", "\udcff", "L1"], ["credit", "trip-1", "\udcff"],
        ["carts", "--json", "\udcff"],
    ],
)  # fmt: skip
def test_words_that_are_no_text_are_wrong_usage(
    tmp_path: Path, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """No database and no JSON takes them: status 2, and an object for a program."""
    with pytest.raises(SystemExit) as ended:
        main([given[0], "--data", str(tmp_path), *given[1:]])
    assert ended.value.code == 2
    out = capsys.readouterr().out
    assert not out or list(msgspec.json.decode(out)) == ["error"]
    assert bool(out) is ("--json" in given)


@pytest.mark.parametrize(
    ("paper", "words"),
    [
        ("text", b"TOTAL USD"),
        ("html", b"<svg"),
        ("escpos", b"\x1dVB\x00"),
        ("json", b'"total_minor":319'),
        ("en16931", b'"BT-112":"3.19"'),
    ],
)
def test_a_receipt_as_the_shopper_gets_it(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], paper: str, words: bytes
) -> None:
    """Every form has the name of the store and the sum."""
    folder = tmp_path / "store"
    import_catalog(folder)
    with closing(open_database(folder)) as database, transaction(database):
        ingest(database, CART, batch(rows(trip_events("trip-1", 2))))
    capfdbinary.readouterr()
    asked = ["receipt", "--data", str(folder), "trip-1", "--paper", paper, "--name", "Corner"]
    assert main(asked) == 0
    said = capfdbinary.readouterr().out
    assert words in said
    assert b"Corner" in said


@pytest.mark.parametrize(
    ("name", "data", "status", "said"),
    [
        ("import", b"{", 1, "catalog: "),
        ("import", b"{}", 1, "version"),
        ("import", None, 2, "no such file"),
        ("publish", b"[]", 1, "no store here yet"),
    ],
)
def test_an_error_is_json_where_json_was_asked_for(
    tmp_path: Path,
    name: str,
    data: bytes | None,
    status: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A program reads one object with the error on stdout; the status is the same as without."""
    file = tmp_path / "file.json"
    if data is not None:
        file.write_bytes(data)
    words = ["deals"] if name == "publish" else []
    given = [name, "--data", str(tmp_path / "store"), *words, str(file), "--json"]
    try:
        ended = main(given)
    except SystemExit as exit_:
        ended = int(str(exit_.code))
    told = msgspec.json.decode(capsys.readouterr().out)
    assert ended == status
    assert list(told) == ["error"]
    assert said in told["error"]
