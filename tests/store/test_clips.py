"""Clips by HTTPS: one address, one clip, from the cart that was asked; the rest is refused."""

from __future__ import annotations

import hashlib
import io
import queue
import ssl
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from msgspec import json
from msgspec.structs import replace
from PIL import Image

from cart.contract import clips
from cart.contract.fleet import ClipNote
from cart.core.observations import CommandFinished
from cart.mqtt import Endpoint, tls_context
from cart.shell.clip_sender import ClipSender
from cart.shell.clock import monotonic_ms
from cart.shell.guard import Guard
from cart.shell.inbox import Inbox
from store.asked import utc_ms
from store.authority import Authority, now_utc
from store.clip_server import ClipServer, ServerPapers
from store.clips import HOUR_MS, RETENTION_HOURS, VALID_MS, ClipDesk
from store.database import open_database
from store.keys import signer_of
from store.news import Fleet
from store.papers import end_of, shown_by
from store.service import Service
from tests.waiting import serving, until

NOW_MS = 1_800_000_000_000
WEBP = {"Content-Type": clips.CONTENT_TYPE}


def webp() -> bytes:
    """A small clip."""
    file = io.BytesIO()
    Image.new("L", (64, 48), 90).save(file, "WEBP")
    return file.getvalue()


class Door:
    """A store that takes clips, and the papers of two carts. Its wall clock is ours to set."""

    def __init__(self, folder: Path) -> None:
        self.data, self.papers = folder / "data", folder / "papers"
        authority = Authority(self.data / "authority")
        for name in ("cart-1", "cart-2", "cart-3"):
            authority.equip(name, self.papers)
        authority.revoke("cart-3")
        authority.equip("clips", self.papers, "server", ["127.0.0.1"])
        Authority(folder / "other").equip("cart-1", folder / "stolen")
        (folder / "stolen" / "ca.pem").write_bytes(authority.pem)
        self.utc_ms = NOW_MS
        self.desk = ClipDesk(self.data, signer_of(self.data), lambda: self.utc_ms)
        papers = (self.papers / "clips.pem", self.papers / "clips.key")
        door_papers = ServerPapers(self.data / "authority", *papers)
        self.server = ClipServer(("127.0.0.1", 0), door_papers, self.desk, self.data)
        self.url = f"https://127.0.0.1:{self.server.port}"

    def endpoint(self, name: str = "cart-1", papers: Path | None = None) -> Endpoint:
        """What a cart shows."""
        folder = papers or self.papers
        files = (folder / "ca.pem", folder / f"{name}.pem", folder / f"{name}.key")
        return Endpoint("127.0.0.1", 8883, *files)

    def put(
        self, url: str, body: bytes, headers: dict[str, str], name: str = "cart-1"
    ) -> tuple[int, str]:
        """Status and text of one PUT."""
        address = urlsplit(url)
        context = tls_context(self.endpoint(name))
        with closing(
            HTTPSConnection("127.0.0.1", self.server.port, timeout=10, context=context)
        ) as connection:
            connection.request("PUT", f"{address.path}?{address.query}", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def get(self, path: str, name: str) -> int:
        """Ask for a file; the status."""
        context = tls_context(self.endpoint(name))
        with closing(HTTPSConnection("127.0.0.1", self.server.port, context=context)) as wire:
            wire.request("GET", path)
            return wire.getresponse().status

    def kept(self) -> list[Path]:
        """Every clip that lies here."""
        return sorted((self.data / "clips").rglob("*.webp"))


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """A door that is open."""
    opened = Door(tmp_path)
    with (
        opened.server,
        serving(lambda _: opened.server.serve_forever(0.05), opened.server.shutdown),
    ):
        yield opened


def test_the_door_s_certificate_does_not_end(door: Door) -> None:
    """It renews its own in place and shows the new one at once; a pair that somebody brings, too,
    and until that fits the last one serves on."""
    pem, key = door.papers / "clips.pem", door.papers / "clips.key"
    authority = Authority(door.data / "authority", lambda: now_utc() - timedelta(days=91))
    authority.equip("clips", door.papers, "server", ["127.0.0.1"])
    door.server.papers = ServerPapers(authority.folder, pem, key)
    until(lambda: end_of(pem) > now_utc(), "it is renewed")
    assert door.get("/", "cart-1") == 404
    Authority(authority.folder).equip("clips", door.papers, "server", ["127.0.0.1", "localhost"])
    whole = key.read_bytes()
    key.write_bytes(b"half of i")
    assert door.get("/", "cart-1") == 404
    key.write_bytes(whole)
    assert door.get("/", "cart-1") == 404
    assert shown_by(
        replace(door.endpoint(), port=door.server.port)
    ) == x509.load_pem_x509_certificate(pem.read_bytes())


def test_a_strict_reader_takes_our_papers(door: Door) -> None:
    """From Python 3.13 on a certificate must hold all that RFC 5280 asks for: both sides' do."""
    ours, theirs = door.server.papers.context(), tls_context(door.endpoint())
    for context in (ours, theirs):
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    ends = ("127.0.0.1", door.server.port)
    with closing(HTTPSConnection(*ends, timeout=10, context=theirs)) as wire:
        wire.request("GET", "/")
        assert wire.getresponse().status == 404


def sent(folder: Path | None, endpoint: Endpoint, **arguments: str) -> CommandFinished:
    """What the mind hears of an order for a clip."""
    inbox, guard = Inbox(monotonic_ms), Guard(monotonic_ms)
    sender = ClipSender(folder, endpoint, inbox, guard, lambda _: None, lambda: NOW_MS)
    sender.send("c-1", arguments)
    (finished,) = until(lambda: inbox.take(100), "the order ends")
    assert isinstance(finished, CommandFinished)
    return finished


def test_a_clip_that_was_asked_for_arrives_once(door: Door, tmp_path: Path) -> None:
    """The cart sends the newest clip of a reason; the address serves no second time."""
    folder = tmp_path / "eyes" / "front"
    folder.mkdir(parents=True)
    for number in (1, 2):
        (folder / f"doubted_line-{NOW_MS + number - 3}.webp").write_bytes(webp())
    url = door.desk.open("cart-1", "dispute", door.url)
    finished = sent(tmp_path / "eyes", door.endpoint(), clip="doubted_line", url=url)
    assert (finished.status, finished.detail) == ("succeeded", f"doubted_line-{NOW_MS - 1}.webp")
    (kept,) = door.kept()
    assert kept.parent.name == "dispute"
    assert kept.read_bytes() == webp()
    again = sent(tmp_path / "eyes", door.endpoint(), clip="doubted_line", url=url)
    assert (again.status, len(door.kept())) == ("failed", 1)
    assert "410" in again.detail


def test_a_clip_whose_time_is_over_is_given_to_nobody(door: Door, tmp_path: Path) -> None:
    """By its name or by its reason: from the 72nd hour on there is none, whether or not the camera
    process has swept it; a moment before, there is."""
    url = door.desk.open("cart-1", "dispute", door.url)
    name = f"doubted_line-{NOW_MS - 72 * HOUR_MS}.webp"
    (tmp_path / name).write_bytes(webp())
    for wanted in (name, "doubted_line"):
        finished = sent(tmp_path, door.endpoint(), clip=wanted, url=url)
        assert (finished.status, name in finished.detail) == ("failed", wanted == name)
    (tmp_path / name).rename(tmp_path / f"doubted_line-{NOW_MS - 72 * HOUR_MS + 1}.webp")
    assert sent(tmp_path, door.endpoint(), clip="doubted_line", url=url).status == "succeeded"


def test_what_is_no_clip_or_not_for_this_cart_is_refused(door: Door) -> None:
    """Too large, of a length that is no number, of another type, no WebP, of another cart, with
    another signature, too late: nothing is kept, and the address still serves the right one."""
    url = door.desk.open("cart-1", "loss", door.url)
    forged = url.replace("signature=", "signature=A")
    large = {**WEBP, "Content-Length": str(clips.BYTES_MAX + 1)}
    for asked, body, headers, name, status in (
        (url, b"", large, "cart-1", 413),
        (url, b"", {**WEBP, "Content-Length": "9" * 5_000}, "cart-1", 411),
        (url, b"", {**WEBP, "Content-Length": "\xb2"}, "cart-1", 411),
        (url, webp(), {"Content-Type": "text/html"}, "cart-1", 415),
        (url, b"<html>", WEBP, "cart-1", 422),
        (url, webp() + b"more", WEBP, "cart-1", 422),
        (url, webp(), WEBP, "cart-2", 403),
        (forged, webp(), WEBP, "cart-1", 403),
        (f"{door.url}/clips/../store.key?signature=x", webp(), WEBP, "cart-1", 410),
    ):
        assert door.put(asked, body, headers, name)[0] == status
    assert door.kept() == []
    assert door.put(url, webp(), WEBP)[0] == 201
    late = door.desk.open("cart-1", "loss", door.url)
    door.utc_ms += VALID_MS + 1
    assert door.put(late, webp(), WEBP)[0] == 410
    assert len(door.kept()) == 1


def test_only_known_papers_come_in(door: Door, tmp_path: Path) -> None:
    """A certificate that was taken back, one of another authority, and none at all, are refused;
    without papers of its own, over plain HTTP, or to an odd address, a cart sends nothing."""
    folder = tmp_path / "eyes"
    folder.mkdir()
    (folder / f"doubted_line-{NOW_MS}.webp").write_bytes(webp())
    url = door.desk.open("cart-1", "loss", door.url)
    stolen = door.endpoint(papers=tmp_path / "stolen")
    plain = Endpoint("127.0.0.1", 1883)
    for endpoint, at in (
        (door.endpoint("cart-3"), url), (stolen, url), (plain, url),
        (door.endpoint(), url.replace("https:", "http:")),
        (door.endpoint(), "https://h:99999/"), (door.endpoint(), f"{door.url}/clips/\xe9"),
    ):  # fmt: skip
        assert sent(folder, endpoint, clip="doubted_line", url=at).status == "failed"
    assert door.kept() == []


def test_who_is_taken_back_is_out_at_once(door: Door) -> None:
    """`store revoke` shuts an open door: the next clip and the next file are refused, others go on;
    a list that can't be read lets nobody in."""
    first, second, third = (door.desk.open("cart-1", "loss", door.url) for _ in range(3))
    assert door.put(first, webp(), WEBP)[0] == 201
    Authority(door.data / "authority").revoke("cart-1")
    assert door.put(second, webp(), WEBP) == (403, "this certificate was taken back")
    assert door.get("/trust/root.json", "cart-1") == 403
    assert door.get("/trust/root.json", "cart-2") == 404  # nothing is signed yet
    (door.data / "authority" / "crl.pem").write_text("no list")
    for name in ("cart-1", "cart-2"):
        with pytest.raises((HTTPException, OSError)):
            door.put(third, webp(), WEBP, name)
    assert len(door.kept()) == 1


def test_a_cart_gives_only_clips(door: Door, tmp_path: Path) -> None:
    """A path in place of a name, a clip that is not there, and a cart without clips: said so."""
    (tmp_path / "eyes").mkdir()
    (tmp_path / "secret.webp").write_bytes(webp())
    url = door.desk.open("cart-1", "loss", door.url)
    for folder, clip in ((tmp_path / "eyes", "../secret.webp"), (None, "doubted_line")):
        finished = sent(folder, door.endpoint(), clip=clip, url=url)
        assert finished.status == "failed"
        assert finished.detail.startswith("clip: ")
    assert door.kept() == []


def test_a_note_stays_with_its_clip(door: Door) -> None:
    """It names the clip with its bytes, of its cart, once; it goes with the clip."""
    for name in ("cart-1", "cart-2"):
        url = door.desk.open(name, "quality", door.url)
        assert door.put(url, webp(), WEBP, name)[0] == 201
    kept = {path.name.rpartition("-")[0].rpartition("-")[0]: path for path in door.kept()}
    sha256 = hashlib.sha256(webp()).hexdigest()
    note = ClipNote(f"doubted_line-{NOW_MS}.webp", "doubted_line", sha256, len(webp()))
    assert not door.desk.noted("cart", note)
    assert not door.desk.noted("cart-2", replace(note, sha256="0" * 64))
    assert door.desk.noted("cart-2", note)
    assert not door.desk.noted("cart-2", note)
    assert json.decode(kept["cart-2"].with_suffix(".json").read_bytes(), type=ClipNote) == note
    assert not kept["cart-1"].with_suffix(".json").exists()
    door.utc_ms += 25 * HOUR_MS
    door.desk.sweep()
    assert not list((door.data / "clips" / "quality").iterdir())


def test_one_address_takes_one_clip_at_a_time(door: Door) -> None:
    """While a clip comes in, the address is taken; a break or a crash gives it back."""
    number = urlsplit(door.desk.open("cart-1", "loss", door.url)).path.rpartition("/")[2]
    with (
        door.desk.taking(number),
        pytest.raises(Exception, match="in use"),
        door.desk.taking(number),
    ):
        raise AssertionError("taken twice")
    number = urlsplit(door.desk.open("cart-1", "loss", door.url)).path.rpartition("/")[2]
    with pytest.raises(queue.Empty), door.desk.taking(number):
        raise queue.Empty
    with door.desk.taking(number):
        door.desk.recover()
        (door.data / "clips" / "open" / f"{number}.json").rename(
            door.data / "clips" / "taking" / f"{number}.json"
        )


def test_clips_go_by_their_reason(door: Door) -> None:
    """Each reason has its time; after it the clip is gone, and so are addresses nobody used."""
    for reason in RETENTION_HOURS:
        assert door.put(door.desk.open("cart-1", reason, door.url), webp(), WEBP)[0] == 201
    door.desk.open("cart-1", "loss", door.url)
    left = []
    for hours in (25, 49, 73):
        door.utc_ms = NOW_MS + hours * HOUR_MS
        door.desk.sweep()
        left.append([path.parent.name for path in door.kept()])
    assert left == [["dispute", "loss"], ["dispute"], []]
    assert list((door.data / "clips" / "open").iterdir()) == []


def test_what_cannot_be_swept_leaves_the_door_open(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    """An old clip that the disk does not let go is said, and who comes is served on."""
    (door.data / "clips" / "loss" / f"cart-1-{NOW_MS}-0.webp").mkdir()
    door.utc_ms += 49 * HOUR_MS
    until(lambda: "no clip swept" in caplog.text, "it is said")
    assert door.get("/", "cart-1") == 404


def test_a_clip_s_age_begins_when_it_was_made(door: Door) -> None:
    """Whatever it has spent on its cart counts: by the name that comes with it, or in the note of a
    cart that is older; one that is too old for its reason is not taken."""

    def put(reason: str, hours: int, more_digits: str = "") -> int:
        name = f"doubted_line-{NOW_MS - hours * HOUR_MS}{more_digits}.webp"
        url = door.desk.open("cart-1", reason, door.url)
        return door.put(url, webp(), {**WEBP, clips.NAME_HEADER: name})[0]

    assert (put("dispute", 73), put("loss", 49), put("dispute", 69)) == (410, 410, 201)
    # A name that lies in the future, however far, or is none, keeps nothing longer.
    assert (put("dispute", -100), put("dispute", 0, "9" * 5_000)) == (201, 201)
    url = door.desk.open("cart-2", "dispute", door.url)
    assert door.put(url, webp(), WEBP, "cart-2")[0] == 201
    sha256 = hashlib.sha256(webp()).hexdigest()
    name = f"doubted_line-{NOW_MS - 69 * HOUR_MS}.webp"
    assert door.desk.noted("cart-2", ClipNote(name, "doubted_line", sha256, len(webp())))
    left = []
    for hours in (1, 3, 73):
        door.utc_ms = NOW_MS + hours * HOUR_MS
        door.desk.sweep()
        left.append(len(list((door.data / "clips" / "dispute").iterdir())))
    assert left == [5, 2, 0]


def test_what_a_cut_has_left_of_a_clip_goes_as_well(door: Door) -> None:
    """Half a clip and half a note, and a note whose clip is gone; of a file that is not ours
    nothing is known."""
    folder = door.data / "clips" / "loss"
    for name in ("webp.new", "json", "json.new"):
        (folder / f"cart-1-{NOW_MS}-{'ab' * 16}.{name}").write_bytes(b"half")
    (folder / "README").write_text("ours")
    door.desk.sweep()
    assert len(list(folder.iterdir())) == 4
    door.utc_ms += 49 * HOUR_MS
    door.desk.sweep()
    assert [path.name for path in folder.iterdir()] == ["README"]


def test_a_door_killed_with_the_clip_in_hand_opens_no_second_time(door: Door) -> None:
    """Between the clip on the disk and the end of its address: the next start ends it."""
    number = urlsplit(door.desk.open("cart-1", "loss", door.url)).path.rpartition("/")[2]
    opened, taken = (door.data / "clips" / name / f"{number}.json" for name in ("open", "taking"))
    opened.rename(taken)
    (door.data / "clips" / "loss" / f"cart-1-{NOW_MS}-{number}.webp").write_bytes(webp())
    door.desk.recover()
    assert not opened.exists()
    assert not taken.exists()


def test_no_clip_stays_longer_than_three_days() -> None:
    """At the store and on the cart, for whatever reason it was kept."""
    assert max(RETENTION_HOURS.values()) <= 72
    assert max(clips.DAYS_KEPT.values()) * 24 <= 72


def test_a_running_service_forgets_clips(tmp_path: Path) -> None:
    """Where `store clips` no longer runs, the store's service sweeps all the same, broker or not;
    a clip whose time is not over stays."""
    now_ms = utc_ms()
    desk = ClipDesk(tmp_path, signer_of(tmp_path), lambda: now_ms)
    folder = tmp_path / "clips" / "dispute"
    old, young = (folder / f"cart-1-{now_ms - hours * HOUR_MS}-a.webp" for hours in (72, 70))
    for path in (old, young):
        path.write_bytes(webp())
    with closing(open_database(tmp_path)) as database:
        service = Service(
            Endpoint("127.0.0.1", 1), "acme", "store-1", database, signer_of(tmp_path),
            monotonic_ms, utc_ms, Fleet(clips=desk),
        )  # fmt: skip
        with serving(lambda _: service.run(lambda: None), service.stop):
            until(lambda: not old.exists(), "the old clip is gone")
    assert young.exists()
