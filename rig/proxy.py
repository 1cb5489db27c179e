"""A bad network in a box: a TCP proxy on loopback that cuts, stalls, delays, narrows and resets.

It runs in a thread of its own beside the test or the demo that holds it. It knows nothing of what
passes through except the bytes of a trap, and never changes one of them.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Self

RST_ON_CLOSE = struct.pack("ii", 1, 0)
READ_BYTES_MAX = 65_536
PACKET_BYTES = 1_460  # what a narrow link carries at once
PIECES_MAX = 64  # what waits in it; a sender behind that waits, too

Pieces = asyncio.Queue[tuple[float, bytes]]


class FaultProxy:
    """Forwards `127.0.0.1:port` to the first of `upstreams` that answers, each new connection
    beginning with the next one. Its methods may be called from any thread.

    `delay_ms` holds back every byte, in both directions, by that long; `bytes_per_s` is how much
    of each connection passes in each direction, 0 for as much as there is. `carried_bytes` counts
    what came, in both directions together."""

    def __init__(self, *upstreams: tuple[str, int]) -> None:
        self._upstreams = deque(upstreams)
        self._loop = asyncio.new_event_loop()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_cut = self._is_down = False
        self._trap: tuple[bytes, Callable[[], object]] | None = None
        self._passing = asyncio.Event()
        self._thread = threading.Thread(target=self._live, name="fault_proxy", daemon=True)
        self.host = "127.0.0.1"
        self.port: int = self._listener.getsockname()[1]
        self.delay_ms = self.bytes_per_s = self.carried_bytes = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def cut(self) -> None:
        """Break every connection with a reset, and every new one too, until `restore`."""
        self._is_cut = True
        self._do(self._reset_all)

    def stall(self) -> None:
        """Half open: connections stay, but nothing comes through until `restore`."""
        self._do(self._passing.clear)

    def down(self) -> None:
        """No link: as half open, but what was on its way never arrives."""
        self._is_down = True
        self.stall()

    def restore(self) -> None:
        """A good network again."""
        if self._is_down:
            self._do(self._reset_all)
        self._is_cut = self._is_down = False
        self._do(self._passing.set)

    def trap(self, needle: bytes, spring: Callable[[], object]) -> None:
        """Once: when these bytes are to pass, break all connections instead and call `spring`.

        `spring` runs in the proxy's thread."""
        self._trap = (needle, spring)

    def reset(self) -> None:
        """Break every connection with a reset; new ones are welcome at once."""
        self._do(self._reset_all)

    def _do(self, work: Callable[[], object]) -> None:
        """Run `work` in the proxy's thread, and wait until it is done."""
        done = threading.Event()
        self._loop.call_soon_threadsafe(work)
        self._loop.call_soon_threadsafe(done.set)
        done.wait()

    def _live(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._passing.set()
        server = self._loop.run_until_complete(
            asyncio.start_server(self._connected, sock=self._listener)
        )
        self._loop.run_forever()
        server.close()
        self._reset_all()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    def _reset_all(self) -> None:
        for writer in [each for each in self._writers if not each.is_closing()]:
            wire = writer.get_extra_info("socket")
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_ON_CLOSE)
            writer.transport.abort()
        self._writers.clear()

    async def _connected(
        self, down_reader: asyncio.StreamReader, down_writer: asyncio.StreamWriter
    ) -> None:
        self._writers.add(down_writer)
        if self._is_cut:
            self._reset_all()
            return
        upstream = await self._dial()
        if upstream is None:
            down_writer.close()
            return
        up_reader, up_writer = upstream
        self._writers.add(up_writer)
        try:
            await asyncio.gather(
                self._pump(down_reader, down_writer, up_writer),
                self._pump(up_reader, up_writer, down_writer),
            )
        except asyncio.CancelledError:
            pass  # the proxy itself ends, which asyncio would report once a connection
        finally:
            for writer in (down_writer, up_writer):
                self._writers.discard(writer)
                writer.close()

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in range(len(self._upstreams)):
            self._upstreams.rotate(-1)
            with suppress(OSError):
                return await asyncio.open_connection(*self._upstreams[-1])
        return None

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        source: asyncio.StreamWriter,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Carry one direction, from `source`'s reader to `writer`, until either side is gone."""
        _send_at_once(writer)
        pieces: Pieces = asyncio.Queue(PIECES_MAX)
        carrier = asyncio.create_task(self._carry(pieces, writer))
        try:
            while data := await reader.read(READ_BYTES_MAX):
                _confirm_at_once(source)
                self.carried_bytes += len(data)
                if self._springs(data):
                    return
                await pieces.put((self._loop.time() + self.delay_ms / 1_000, data))
            await pieces.put((0, b""))
            await carrier
        except OSError:
            pass  # a peer that resets is part of the game
        finally:
            carrier.cancel()
            writer.close()

    async def _carry(self, pieces: Pieces, writer: asyncio.StreamWriter) -> None:
        while True:
            due, data = await pieces.get()
            await asyncio.sleep(max(0, due - self._loop.time()))
            await self._passing.wait()
            if not data:
                return
            for packet in self._packets(data):
                writer.write(packet)
                await writer.drain()
                if self.bytes_per_s:
                    await asyncio.sleep(len(packet) / self.bytes_per_s)

    def _packets(self, data: bytes) -> Iterator[bytes]:
        size = PACKET_BYTES if self.bytes_per_s else len(data)
        return (data[start : start + size] for start in range(0, len(data), size))

    def _springs(self, data: bytes) -> bool:
        if self._trap is None or self._trap[0] not in data:
            return False
        _, spring = self._trap
        self._trap = None
        spring()
        self._reset_all()
        return True


def _send_at_once(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _confirm_at_once(writer: asyncio.StreamWriter) -> None:
    """Add no delay of our own: a peer with Nagle's algorithm waits for what we confirm."""
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
