"""Frames from the test rig's lens over a Unix socket. The wire is described in rig/lens.py.

It must never believe a header before checking it: the other end may be anything.
"""

from __future__ import annotations

import socket
import struct

import numpy as np

from cart.eyes.frames import Frame, SourceLostError

HEADER = struct.Struct("<4sHHB3xQII")
MAGIC = b"DCLF"
BYTES_MAX = 4_000 * 3_000 * 3
CONNECT_TIMEOUT_S = 2.0


class LensSource:
    """Reads the newest frame that the lens has for us."""

    def __init__(self, place: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(CONNECT_TIMEOUT_S)
        self._place = place
        try:
            self._socket.connect(place)
        except OSError as error:
            self._socket.close()
            raise SourceLostError(
                f"lens {place}: {error.strerror or error}; is the rig up?"
            ) from error

    def newest(self, timeout_s: float) -> Frame | None:
        """See FrameSource. A frame that began to arrive is waited for."""
        self._socket.settimeout(timeout_s)
        try:
            first = self._socket.recv(1)
        except TimeoutError:
            return None
        except OSError as error:
            raise SourceLostError(f"lens {self._place}: {error}") from error
        self._socket.settimeout(CONNECT_TIMEOUT_S)
        return self._frame(first + self._exactly(HEADER.size - len(first)))

    def close(self) -> None:
        """See FrameSource."""
        self._socket.close()

    def _frame(self, head: bytes | bytearray) -> Frame:
        magic, width, height, channels, sensed_ms, sequence, length = HEADER.unpack(head)
        wanted = width * height * channels
        if magic != MAGIC or channels != 3 or length != wanted or not 0 < wanted <= BYTES_MAX:
            raise SourceLostError(f"lens {self._place}: not a lens frame: {bytes(head[:9])!r}")
        pixels = np.frombuffer(self._exactly(length), np.uint8).reshape(height, width, channels)
        return Frame.of_rgb(pixels, sensed_ms, sequence)

    def _exactly(self, length: int) -> bytearray:
        data = bytearray(length)
        view, got = memoryview(data), 0
        while got < length:
            try:
                count = self._socket.recv_into(view[got:])
            except OSError as error:
                raise SourceLostError(f"lens {self._place}: {error}") from error
            if count == 0:
                raise SourceLostError(f"lens {self._place}: it closed the connection")
            got += count
        return data
