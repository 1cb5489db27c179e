"""The lens: serves camera frames of the simulated basket on a Unix socket. The newest frame wins.

The contract (the client is a frame source of the eyes):

* After a connect the server sends frames for ever; the client sends nothing.
* A frame is a header of 28 bytes, little-endian, ``struct`` format ``<4sHHB3xQII``:
  magic ``b"DCLF"``, width, height, channels (3), 3 reserved bytes, ``sensed_ms`` (when the light
  fell, CLOCK_MONOTONIC milliseconds), sequence (grows by one a frame painted, whoever reads),
  length of what follows.
* Then ``length`` = width x height x channels bytes: RGB, row by row, top left first.
* About 12 frames a second while a hand moves, 5 (or as told) while nothing does; it never stops,
  so a client may take an old newest frame as a stall.
* A slow client misses frames and gets the newest; what it missed shows as a gap in the sequence
  and is counted in `Lens.dropped`.

It must never tell what a thing is: only pixels leave through here.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from pathlib import Path

from rig.scene import HEIGHT, WIDTH, Scene

HEADER = struct.Struct("<4sHHB3xQII")
MAGIC = b"DCLF"
CHANNELS = 3
MOVING_FPS, STILL_FPS = 12, 5


class Lens:
    """Paints a scene at its pace and hands the newest frame to every reader."""

    def __init__(self, path: Path, scene: Scene, still_fps: int = STILL_FPS) -> None:
        self.scene = scene
        self._still_fps = still_fps
        self.dropped = 0
        self.frames = 0
        self.stalled = False
        self._readers = 0
        self._newest = b""
        self._fresh = threading.Condition()
        self._ended = threading.Event()
        self._hurry = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path.unlink(missing_ok=True)
        self._listener.bind(str(path))
        path.chmod(0o600)
        self._listener.listen()
        for work in (self._paint, self._accept):
            threading.Thread(target=work, name=f"lens{work.__name__}", daemon=True).start()

    def wake(self) -> None:
        """Paint the next frame at once: something begins to move."""
        self._hurry.set()

    def close(self) -> None:
        """Stop painting and hang up."""
        self._ended.set()
        self._listener.close()
        self.wake()
        with self._fresh:
            self._fresh.notify_all()

    def _paint(self) -> None:
        while not self._ended.is_set():
            began_s = time.monotonic()
            if self._readers and not self.stalled:
                pixels = self.scene.frame(began_s).tobytes()
                number = self.frames + 1
                header = HEADER.pack(
                    MAGIC, WIDTH, HEIGHT, CHANNELS, int(began_s * 1000), number, len(pixels)
                )
                with self._fresh:
                    self.frames = number
                    self._newest = header + pixels
                    self._fresh.notify_all()
            pace_fps = MOVING_FPS if self.scene.reach else self._still_fps
            self._hurry.wait(max(0.0, began_s + 1 / pace_fps - time.monotonic()))
            self._hurry.clear()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                reader, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(
                target=self._serve, args=(reader,), name="lens_reader", daemon=True
            ).start()

    def _serve(self, reader: socket.socket) -> None:
        self._readers += 1
        sent = self.frames
        with reader:
            while frame := self._newer_than(sent):
                number, content = frame
                self.dropped += number - sent - 1
                sent = number
                try:
                    reader.sendall(content)
                except OSError:
                    break
        self._readers -= 1

    def _newer_than(self, number: int) -> tuple[int, bytes] | None:
        """Wait for a frame after this one; None at the end."""
        with self._fresh:
            self._fresh.wait_for(lambda: self.frames > number or self._ended.is_set())
            return None if self._ended.is_set() else (self.frames, self._newest)
