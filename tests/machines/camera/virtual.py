"""Runs a module of ours with the real Picamera2 on libcamera's virtual cameras: MODULE ARGUMENTS...

Runs inside the root that tests/machines/camera_root.py makes. It stands in for hardware only: for
memory that cameras can write to, for a sensor's pace, and for three libraries that an unseen
camera without raw pictures never calls. It must never change what Picamera2 does with a frame.
"""

from __future__ import annotations

import mmap
import os
import queue
import runpy
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any


class Absent(ModuleType):
    """A library that is imported and never called: drawing on a display, writing raw files."""

    def __getattr__(self, name: str) -> Absent:
        return Absent(name)


for absent in ("pykms", "pidng", "pidng.camdefs", "pidng.core"):
    sys.modules[absent] = Absent(absent)

# Only now, as it imports the above.
import libcamera  # noqa: E402  # see above
import picamera2.picamera2  # noqa: E402  # see above
from picamera2.allocators.allocator import Allocator  # noqa: E402  # see above

STALLED = Path("/mnt/stalled")  # while it exists no frame comes, and nobody says so
DEAF = Path("/mnt/deaf")  # while it exists a camera that is told to stop does not answer
PERIOD_S = 1 / 15


class NothingToSync:
    """Memory of one process needs no synchronising."""

    def __init__(self, allocator: MemoryAllocator, buffer: object, _write: object) -> None:
        self._memory = allocator.mapped_buffers.get(buffer)

    def __enter__(self) -> mmap.mmap | None:
        return self._memory

    def __exit__(self, *_: object) -> None: ...


class MemoryAllocator(Allocator):  # type: ignore[misc]  # the library has no types
    """Buffers of plain memory, each described as the two planes that the virtual pipeline fills."""

    def __init__(self) -> None:
        super().__init__()
        self.sync = NothingToSync
        self.mapped_buffers: dict[object, mmap.mmap] = {}
        self._buffers: dict[object, list[object]] = {}

    def allocate(self, configuration: Iterable[Any], _use_case: object) -> None:
        self._buffers = {
            stream.stream: [self._buffer(stream) for _ in range(stream.buffer_count)]
            for stream in configuration
        }

    def buffers(self, stream: object) -> list[object]:
        return self._buffers[stream]

    def _buffer(self, stream: Any) -> object:  # noqa: ANN401  # a library without types
        memory = os.memfd_create("frame")
        os.ftruncate(memory, stream.frame_size)
        luma_bytes = stream.stride * stream.size.height
        planes = []
        for offset, length in ((0, luma_bytes), (luma_bytes, stream.frame_size - luma_bytes)):
            plane = libcamera.FrameBuffer.Plane()
            plane.fd, plane.offset, plane.length = memory, offset, length
            planes.append(plane)
        buffer: object = libcamera.FrameBuffer(planes)
        self.mapped_buffers[buffer] = mmap.mmap(memory, stream.frame_size)
        os.close(memory)
        return buffer


class Sensor:
    """A camera whose frames come when they are due: the virtual pipeline has no pace of its own.

    Where all buffers are held, the moment passes without a frame, as it does on hardware."""

    def __init__(self, camera: Any) -> None:  # noqa: ANN401  # a library without types
        self._camera = camera
        self._waiting: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._at_work = threading.Lock()
        self._running = threading.Event()
        self._released = threading.Event()
        threading.Thread(target=self._expose, name="sensor", daemon=True).start()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # as above
        return getattr(self._camera, name)

    def start(self, controls: object) -> None:
        self._camera.start(controls)
        self._running.set()

    def queue_request(self, request: object) -> None:
        self._waiting.put(request)

    def stop(self) -> None:
        while DEAF.exists():
            self._released.wait(PERIOD_S)
        with self._at_work:
            self._running.clear()
            while not self._waiting.empty():
                self._waiting.get()
            self._camera.stop()

    def release(self) -> None:
        self._released.set()
        self._camera.release()

    def _expose(self) -> None:
        while not self._released.wait(PERIOD_S):
            with self._at_work:
                if self._running.is_set() and not self._waiting.empty() and not STALLED.exists():
                    self._camera.queue_request(self._waiting.get())


class VirtualPicamera2(picamera2.Picamera2):  # type: ignore[misc]  # the library has no types
    """The real class, opened on a virtual camera."""

    def __init__(self, number: int) -> None:
        super().__init__(number, allocator=MemoryAllocator())

    def _open_camera(self) -> None:
        super()._open_camera()
        self.camera: Any = Sensor(self.camera)

    def _get_raw_modes(self) -> list[dict[str, object]]:
        """The virtual pipeline refuses to be asked for raw frames; it has none."""
        role = [libcamera.StreamRole.VideoRecording]
        formats = self.camera.generate_configuration(role).at(0).formats
        return [
            {"format": str(pixel), "size": (size.width, size.height)}
            for pixel in formats.pixel_formats
            for size in formats.sizes(pixel)
        ]


def main() -> None:
    """Give the module the virtual class by the real one's name, and its arguments."""
    picamera2.Picamera2 = VirtualPicamera2
    picamera2.picamera2.DmaAllocator = MemoryAllocator  # Picamera2 makes one when it closes
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
