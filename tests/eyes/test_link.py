"""The eyes' end of the socket: what the cart tells arrives whole, however many codes it sells."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cart.contract.lines import encode
from cart.contract.senses import TO_EYES_BYTES_MAX, KnownCodes, ToEyesMessage
from cart.eyes.link import CartLink

WITHIN_S = 10


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    """A cart that has not accepted yet."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "eyes.sock"))
        listener.listen()
        yield listener


def tell(listener: socket.socket, data: bytes) -> None:
    """Send bytes to the eyes that connect next, from a thread of its own: they read in pieces."""

    def send() -> None:
        client, _ = listener.accept()
        with client:
            client.sendall(data)

    threading.Thread(target=send, daemon=True).start()


def next_message(link: CartLink) -> ToEyesMessage:
    """The first message that the eyes hear."""
    end_s = time.monotonic() + WITHIN_S
    while time.monotonic() < end_s:
        for message in link.heard(time.monotonic_ns() // 1_000_000):
            return message
    raise TimeoutError(f"nothing was heard within {WITHIN_S} s")


def test_the_codes_of_a_whole_supermarket_arrive(tmp_path: Path, listener: socket.socket) -> None:
    """Forty thousand codes are one message, and none is lost."""
    told = KnownCodes(tuple(f"{number:014}" for number in range(40_000)))
    tell(listener, encode(told))
    with closing(CartLink(tmp_path / "eyes.sock", pytest.fail)) as link:
        assert next_message(link) == told


def test_a_message_without_end_is_complained_about(tmp_path: Path, listener: socket.socket) -> None:
    """What is too long is left out aloud, and the next message is heard."""
    told = KnownCodes(("09520000000011",))
    tell(listener, b" " * (TO_EYES_BYTES_MAX + 1) + b"\n" + encode(told))
    complaints: list[str] = []
    with closing(CartLink(tmp_path / "eyes.sock", complaints.append)) as link:
        assert next_message(link) == told
    (complaint,) = complaints
    assert str(TO_EYES_BYTES_MAX) in complaint
