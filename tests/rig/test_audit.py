"""`rig audit` believes no number that it can count itself, and says what is wrong as JSON, too."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from cart.shell.journal import Journal
from rig.__main__ import main
from rig.broker import BEGAN
from rig.faults import exports
from store.database import open_database, transaction
from store.ledger import ingest
from tests.store.shop import CART, batch, trip_events

MOSQUITTO = "1795396450: mosquitto version 2.0.11 starting\n"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run: one cart, all its rows stored; broker, cart and store were killed once each, and the
    power was cut once."""
    cart = tmp_path / "carts" / CART
    journal = Journal(cart)
    journal.append(trip_events("trip-1", 2))
    rows = list(journal.entries_after(0, 50))
    journal.close()
    with closing(open_database(tmp_path)) as database, transaction(database):
        ingest(database, CART, batch(rows))
    exports.write(tmp_path)
    for name in (CART, "store"):
        (tmp_path / f"{name}.log").write_text(f"{BEGAN} 7\nWARNING dull\n{BEGAN} 8\n")
    (tmp_path / "broker.log").write_text(
        MOSQUITTO + "1795396451: Opening ipv4 socket\n" + MOSQUITTO
    )
    note_kills(tmp_path, "broker", CART, "store", "power")
    return tmp_path


def note_kills(folder: Path, *victims: str) -> None:
    """Write the run's own notes."""
    lines = [json.dumps({"fault": "x", "victim": victim, "at_ms": 1}) for victim in victims]
    (folder / "kills.jsonl").write_text("\n".join(lines) + "\n")


def audit(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object], str]:
    """Exit status, the object on stdout, and what stands on stderr."""
    status = main(["audit", str(folder), "--json"])
    said = capsys.readouterr()
    return status, json.loads(said.out), said.err


def test_kills_are_counted_in_the_logs(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three of four kills show as starts anew; the power cut was played, and is said to be."""
    status, verdict, said = audit(run, capsys)
    assert (status, said) == (0, "")
    assert verdict == {
        "carts": 1, "events": 4, "lost": 0, "duplicated": 0, "reordered": 0,
        "kills": 4, "kills_shown": 3, "kills_played": 1, "passed": True,
    }  # fmt: skip


def test_starts_of_a_broker_that_writes_no_log_are_counted(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever starts iotcore or a cluster's node notes it, as of carts and the store."""
    (run / "broker.log").write_text(f"{BEGAN} 7\n{BEGAN} 8\n")
    status, verdict, _ = audit(run, capsys)
    assert (status, verdict["kills_shown"]) == (0, 3)
    (run / "broker.log").write_text(f"{BEGAN} 7\n")
    status, verdict, said = audit(run, capsys)
    assert (status, verdict["kills_shown"]) == (1, 2)
    assert "1 kills of broker, its log 0 starts anew" in said


@pytest.mark.parametrize("victim", ["broker", CART, "store", "somebody"])
def test_kills_of_which_nothing_tells_are_not_believed(
    run: Path, victim: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log that is gone or empty shows no kill, nor has somebody unknown been killed."""
    note_kills(run, *{"broker", CART, "store", victim})
    (run / f"{victim}.log").write_text("")
    status, verdict, said = audit(run, capsys)
    assert (status, verdict["passed"]) == (1, False)
    assert f"1 kills of {victim}, its log 0 starts anew" in said
    (run / f"{victim}.log").unlink()
    assert audit(run, capsys) == (status, verdict, said)


@pytest.mark.parametrize("victim", ["broker", CART, "store"])
def test_a_kill_that_no_log_shows_is_found(
    run: Path, victim: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever was killed began anew: one note more than that is not believed."""
    note_kills(run, "broker", CART, "store", victim)
    status, verdict, said = audit(run, capsys)
    assert (status, verdict["kills"], verdict["kills_shown"]) == (1, 4, 3)
    assert verdict["passed"] is False
    assert f"2 kills of {victim}, its log 1 starts anew" in said


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("kills.jsonl", b"no notes\n"),
        ("kills.jsonl", None),
        ("store.jsonl", b'{"cart":1}\n'),
        ("store.jsonl", b"\xff\n"),
        ("store.sqlite", b"no database" * 99),
        ("store.sqlite", None),
    ],
)
def test_what_cannot_be_read_is_said_as_json(
    run: Path, name: str, data: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program that reads stdout gets an object with the error, and status 1."""
    if data is None:
        (run / name).unlink()
    else:
        (run / name).write_bytes(data)
    status, verdict, said = audit(run, capsys)
    assert status == 1
    assert list(verdict) == ["error"]
    assert name in str(verdict["error"])
    assert said.strip() == f"audit: {verdict['error']}"


def test_no_folder_is_said_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that is not there, and one that was forgotten."""
    status, verdict, _ = audit(tmp_path / "nowhere", capsys)
    assert (status, list(verdict)) == (1, ["error"])
    with pytest.raises(SystemExit) as ended:
        main(["audit", "--json"])
    assert ended.value.code == 2
    assert "DIR" in json.loads(capsys.readouterr().out)["error"]
