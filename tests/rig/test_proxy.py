"""The bad network: what a trap, a narrow link and a link that is down do to passing bytes."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rig.proxy import FaultProxy


@contextmanager
def wire() -> Iterator[tuple[FaultProxy, socket.socket, socket.socket]]:
    """A proxy, and the two ends of a connection through it."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        FaultProxy(listener.getsockname()) as proxy,
        socket.create_connection((proxy.host, proxy.port), timeout=20) as near,
    ):
        far, _ = listener.accept()
        with far:
            far.settimeout(20)
            yield proxy, near, far


def test_a_trap_springs_before_the_bytes_pass() -> None:
    """The needle does not arrive, the connection breaks, and the trap springs once."""
    with wire() as (proxy, near, far):
        sprung = threading.Event()
        proxy.trap(b"needle", sprung.set)
        near.sendall(b"hay")
        assert far.recv(100) == b"hay"
        near.sendall(b"a needle")
        with pytest.raises(ConnectionResetError):
            far.recv(100)
        assert sprung.wait(20)


def test_a_narrow_link_takes_its_time() -> None:
    """20,000 bytes at 40,000 a second take half a second, and arrive whole."""
    with wire() as (proxy, near, far):
        proxy.bytes_per_s = 40_000
        began = time.monotonic()
        threading.Thread(target=near.sendall, args=[b"x" * 20_000]).start()
        came = b""
        while len(came) < 20_000:
            came += far.recv(65_536)
        assert time.monotonic() - began > 0.4


def test_what_is_on_a_link_that_goes_down_is_gone() -> None:
    """Bytes sent while the link is down never arrive; the connection breaks when it is back."""
    with wire() as (proxy, near, far):
        near.sendall(b"hay")
        assert far.recv(100) == b"hay"
        proxy.down()
        near.sendall(b"lost")
        proxy.restore()
        with pytest.raises(ConnectionResetError):
            far.recv(100)


def test_what_came_is_counted() -> None:
    """The bytes of both directions add up."""
    with wire() as (proxy, near, far):
        near.sendall(b"12345")
        assert far.recv(100) == b"12345"
        far.sendall(b"678")
        assert near.recv(100) == b"678"
        assert proxy.carried_bytes == 8
