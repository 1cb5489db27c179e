"""Nobody's certificate ends silently: what the store can renew it does, of the rest it warns."""

from __future__ import annotations

import getpass
import logging
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec import json

from store.__main__ import main as store_main
from store.authority import AUTHORITY_DAYS, Authority, now_utc
from store.papers import Papers
from store.trusted import Repository

DAY = timedelta(days=1)
HOSTS = ["127.0.0.1", "broker.example"]


class Years:
    """A store whose wall clock is ours to turn: its authority, its service, a broker elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.began = self.now = now_utc()
        self.folder, self.broker = folder / "data" / "authority", folder / "broker"
        self.authority = Authority(self.folder, self.clock)
        self.authority.equip("broker", self.broker, "server", HOSTS)
        self.authority.equip("store-7", folder / "service")
        self.own = folder / "service" / "store-7.pem"
        self.papers = self.new_papers(self.folder)

    def new_papers(self, folder: Path) -> Papers:
        """A program's that finds the authority there."""
        return Papers(folder, self.own, lambda: read(self.broker / "broker.pem"), None, self.clock)

    def clock(self) -> datetime:
        """The wall clock."""
        return self.now

    def day(self, number: float) -> None:
        """So many days after the beginning the program looks."""
        self.now = self.began + number * DAY
        self.papers.look_hourly()


@pytest.fixture
def years(tmp_path: Path) -> Years:
    """One with fresh papers."""
    return Years(tmp_path)


def read(path: Path) -> x509.Certificate:
    """The certificate in a file."""
    return x509.load_pem_x509_certificate(path.read_bytes())


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was said since the last time we asked, from warnings on."""
    said = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    caplog.clear()
    return said


def test_a_service_renews_its_own_in_the_last_third(
    years: Years, caplog: pytest.LogCaptureFixture
) -> None:
    """The file keeps its key, its mode and all else that is in it, and is replaced once; also where
    the service was off when it ended."""
    key = years.own.with_suffix(".key").read_bytes()
    both = key + years.own.read_bytes() + years.authority.pem
    years.own.write_bytes(both)
    years.own.chmod(0o640)
    years.papers = Papers(years.folder, years.own, clock=years.clock)
    years.day(59)
    assert years.own.read_bytes() == both
    for day, days in ((61, 151), (62, 151), (400, 490)):
        years.day(day)
        renewed, authority = x509.load_pem_x509_certificates(years.own.read_bytes())
        assert years.own.read_bytes().startswith(key)
        assert (years.own.stat().st_mode & 0o777, authority) == (0o640, years.authority.certificate)
        assert renewed.public_key() == load_pem_private_key(key, None).public_key()
        assert (renewed.not_valid_after_utc - years.began).days == days - 1
        renewed.verify_directly_issued_by(authority)
    assert len(years.authority.issued("store-7")) == 3
    assert warnings(caplog) == []


def test_the_broker_s_is_laid_ready_and_said_each_day(
    years: Years, caplog: pytest.LogCaptureFixture
) -> None:
    """For the key and the hosts that the broker shows, thirty days ahead; once it shows the new one
    nothing is said any more."""
    years.day(59)
    assert warnings(caplog) == []
    ready = years.folder / "broker.pem"
    for day in (61, 61.5, 62.1, 91):
        years.day(day)
        (said,) = warnings(caplog) or [""]
        left = 89 - int(day)
        assert (f"days left: {left}; copy {ready} to the broker" in said) is (day != 61.5)
    old, new = read(years.broker / "broker.pem"), read(ready)
    assert new.public_key() == old.public_key()
    names = [x.extensions.get_extension_for_class(x509.SubjectAlternativeName) for x in (old, new)]
    assert names[0] == names[1]
    years.broker.joinpath("broker.pem").write_bytes(ready.read_bytes())
    years.day(92)
    assert warnings(caplog) == []


def test_what_was_taken_back_is_not_renewed(years: Years, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the service's nor the broker's; that they end is said."""
    before = years.own.read_bytes()
    years.authority.revoke("store-7", "broker")
    years.day(70)
    assert years.own.read_bytes() == before
    assert not (years.folder / "broker.pem").exists()
    assert len(warnings(caplog)) == 2


def test_without_the_authority_s_key_there_is_only_warning(
    years: Years, caplog: pytest.LogCaptureFixture
) -> None:
    """Thirty days ahead, with the file and the command; the same where it can't be written."""
    with_key, without = years.papers, years.new_papers(years.folder / "elsewhere")
    before = years.own.read_bytes()
    block = years.own.with_name("store-7.pem.new")
    block.mkdir()
    for papers, why in ((without, ""), (with_key, "not renewed here")):
        years.papers = papers
        years.day(59)
        assert warnings(caplog) == []
        years.day(61)
        own, _ = warnings(caplog)
        assert own.startswith(f"{years.own}: ends 2")
        assert "python -m store certificates --renew" in own
        assert why in own
        assert years.own.read_bytes() == before


def test_the_authority_and_its_list_end_aloud(
    years: Years, caplog: pytest.LogCaptureFixture
) -> None:
    """Half a year ahead, for carts are to be let in anew, one by one."""
    years.papers = Papers(years.folder, years.own, clock=years.clock)
    years.day(AUTHORITY_DAYS - 181)
    assert warnings(caplog) == []
    years.day(AUTHORITY_DAYS - 179)
    assert [Path(each.split(":")[0]).name for each in warnings(caplog)] == ["ca.pem", "crl.pem"]
    elsewhere, known = years.folder / "elsewhere", years.broker / "ca.pem"
    years.papers = Papers(elsewhere, years.own, ca=known, clock=years.clock)
    years.day(AUTHORITY_DAYS - 179)
    assert f"{known}: ends" in warnings(caplog)[-1]


def test_the_root_role_of_the_metadata_ends_aloud(
    years: Years, caplog: pytest.LogCaptureFixture
) -> None:
    """Half a year ahead, too."""
    trust = years.folder.parent / "trust"
    Repository(trust, years.clock)
    years.papers = Papers(years.folder, years.own, clock=years.clock)
    years.day(3_650 - 181)
    assert warnings(caplog) == []
    years.day(3_650 - 179)
    said = warnings(caplog)[-1]
    assert f"{trust / 'root.json'}: ends" in said
    assert "store rotate root" in said


def test_a_wrong_clock_does_no_lasting_harm(years: Years) -> None:
    """Behind, it signs nothing; what it signed while it was ahead goes as soon as it is right."""
    first = years.own.read_bytes()
    years.day(-4_000)
    assert years.own.read_bytes() == first
    years.day(3_000)
    assert years.own.read_bytes() != first
    years.day(1)
    assert years.own.read_bytes() == first


def test_an_odd_file_ends_nothing(years: Years, caplog: pytest.LogCaptureFixture) -> None:
    """It is said, and the others are looked at all the same."""
    years.own.write_bytes(b"{")
    years.day(61)
    (said, broker) = warnings(caplog)
    assert "certificates: " in said
    assert "SIGHUP" in broker


def test_a_person_sees_what_ends_and_renews_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`store certificates`: a row a file, and --renew for the same keys; what an older store kept
    at the broker alone is laid beside the list again."""
    data, out = tmp_path / "data", tmp_path / "broker"
    names = ["--tenant", "t", "--store", "7", "--host", "h", "--user", getpass.getuser()]
    assert store_main(["broker", *names, "--data", str(data), "--out", str(out)]) == 0
    look = ["certificates", "--data", str(data), "--json"]
    broker, service = data / "authority" / "broker.pem", data / "service" / "store-7.pem"
    assert broker.read_bytes() == (out / "broker.pem").read_bytes()
    old = [(each.read_bytes(), read(each).public_key()) for each in (broker, service)]
    broker.unlink()
    Repository(data / "trust")
    capsys.readouterr()
    assert store_main([*look, "--renew"]) == 0
    rows = [json.decode(line) for line in capsys.readouterr().out.splitlines()]
    left = {row["file"]: row["days_left"] for row in rows}
    assert left == {
        "authority/ca.pem": 3_649, "authority/crl.pem": 3_649, "authority/broker.pem": 89,
        "service/store-7.pem": 89, "trust/root.json": 3_649,
    }  # fmt: skip
    for path, (pem, key) in zip((broker, service), old, strict=True):
        assert (path.read_bytes() == pem, read(path).public_key()) == (False, key)
    assert store_main(look[:-1]) == 0
    assert "days left" in capsys.readouterr().out
    assert store_main(["revoke", "store-7", "--data", str(data)]) == 0
    assert store_main([*look, "--renew"]) == 1
    assert store_main(["certificates", "--data", str(tmp_path / "none")]) == 1
    assert "store broker" in capsys.readouterr().err
