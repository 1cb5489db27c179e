"""The eyes' loop over a real lens socket: what they say, and what they do when frames stop."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cart.contract.lines import LineBuffer, decode, encode
from cart.contract.senses import CodeRead, EyesAlive, EyesMessage, EyesTrouble, KnownCodes
from cart.eyes.frames import Pixels
from cart.eyes.link import CartLink
from cart.eyes.pipeline import Pipeline
from cart.eyes.sources import source_opener
from cart.eyes.watch import Watch
from models.reader import Reader
from tests.eyes.codes import frame_with_code

GTIN = "09520000000011"


def now_ms() -> int:
    """The eyes' clock."""
    return time.monotonic_ns() // 1_000_000


class ShortLens:
    """A lens that shows given pictures and then falls silent, or says something else."""

    def __init__(self, path: Path, pictures: list[Pixels], last_words: bytes = b"") -> None:
        self.path = path
        self.visits = 0
        self._pictures = pictures
        self._last_words = last_words
        self._open: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.visits += 1
            self._open.append(client)
            for number, picture in enumerate(self._pictures, start=1):
                height, width = picture.shape[:2]
                head = struct.pack(
                    "<4sHHB3xQII", b"DCLF", width, height, 3, now_ms(), number, picture.size
                )
                client.sendall(head + picture.tobytes())
            client.sendall(self._last_words)

    def close(self) -> None:
        """Hang up."""
        self._listener.close()
        for client in self._open:
            client.close()


class Cart:
    """The cart's end of the eyes' socket."""

    def __init__(self, path: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self.heard: list[EyesMessage] = []
        self._done = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        client, _ = self._listener.accept()
        with client:
            # Eyes may speak and leave at once, with what we said unread: that ends it too.
            with contextlib.suppress(BrokenPipeError):
                client.sendall(encode(KnownCodes((GTIN,))))
            with contextlib.suppress(ConnectionResetError):
                self._listen_to(client)
        self._done.set()

    def _listen_to(self, client: socket.socket) -> None:
        lines = LineBuffer(100_000)
        while data := client.recv(65_536):
            for line in lines.feed(data):
                self.heard.append(decode(EyesMessage, line, "test"))

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def all_heard(self) -> list[EyesMessage]:
        """Everything, once the eyes have hung up."""
        assert self._done.wait(5)
        return self.heard


@pytest.fixture
def cart(tmp_path: Path) -> Iterator[Cart]:
    """A cart that listens."""
    cart = Cart(tmp_path / "eyes.sock")
    yield cart
    cart.close()


def watch_lens(lens_path: Path, tmp_path: Path) -> str:
    """Run the eyes without a recogniser until they end; why they do."""
    link = CartLink(tmp_path / "eyes.sock", pytest.fail)
    watch = Watch(
        source_opener(f"lens:{lens_path}"),
        Pipeline(Reader(), None),
        link,
        now_ms,
        stall_ms=300,
        alive_every_ms=50,
    )
    try:
        return watch.run(lambda: False, lambda: None)
    finally:
        link.close()


def test_a_code_is_read_and_a_stall_reopens_once_then_ends(tmp_path: Path, cart: Cart) -> None:
    """One read for many frames; when frames stop the source is opened again, then the eyes end."""
    lens = ShortLens(tmp_path / "lens.sock", [frame_with_code("9520000000011")] * 4)
    why = watch_lens(lens.path, tmp_path)
    lens.close()
    heard = cart.all_heard()
    reads = [message for message in heard if isinstance(message, CodeRead)]
    assert {(read.text, read.format) for read in reads} == {("9520000000011", "EAN13")}
    assert len(reads) == 1
    assert lens.visits == 2
    assert any(isinstance(message, EyesAlive) for message in heard)
    assert isinstance(heard[-1], EyesTrouble)
    assert heard[-1].reason == why == "no frame for 300 ms"


def test_a_missing_lens_is_said_and_ends_the_eyes(tmp_path: Path, cart: Cart) -> None:
    """No camera: the cart hears why, in the same words as the log."""
    why = watch_lens(tmp_path / "nowhere.sock", tmp_path)
    (said,) = cart.all_heard()
    assert isinstance(said, EyesTrouble)
    assert said.reason == why
    assert "nowhere.sock" in why


def test_garbage_instead_of_a_frame_is_refused(tmp_path: Path, cart: Cart) -> None:
    """A lens that speaks another language is no source of frames."""
    lens = ShortLens(tmp_path / "lens.sock", [], b"HTTP/1.1 400 Bad Request, and so on..........")
    assert "not a lens frame" in watch_lens(lens.path, tmp_path)
    lens.close()
    (said,) = cart.all_heard()
    assert isinstance(said, EyesTrouble)
    assert "not a lens frame" in said.reason
