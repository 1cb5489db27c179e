"""A bad network in a box: a TCP proxy on loopback that cuts, stalls, delays and resets.

It runs in a thread of its own beside the test or the demo that holds it. It knows nothing of what
passes through, and never changes a byte of it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from typing import Self

RST_ON_CLOSE = struct.pack("ii", 1, 0)
READ_BYTES_MAX = 65_536

Pieces = asyncio.Queue[tuple[float, bytes]]


class FaultProxy:
    """Forwards `127.0.0.1:port` to `upstream`. Its methods may be called from any thread.

    `delay_ms` holds back every byte, in both directions, by that long."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self._upstream = upstream
        self._loop = asyncio.new_event_loop()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self._passing = asyncio.Event()
        self._thread = threading.Thread(target=self._live, name="fault_proxy", daemon=True)
        self.host = "127.0.0.1"
        self.port: int = self._listener.getsockname()[1]
        self.delay_ms = 0

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

    def restore(self) -> None:
        """A good network again."""
        self._is_cut = False
        self._do(self._passing.set)

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
        try:
            up_reader, up_writer = await asyncio.open_connection(*self._upstream)
        except OSError:
            down_writer.close()
            return
        self._writers.add(up_writer)
        try:
            await asyncio.gather(
                self._pump(down_reader, down_writer, up_writer),
                self._pump(up_reader, up_writer, down_writer),
            )
        finally:
            for writer in (down_writer, up_writer):
                self._writers.discard(writer)
                writer.close()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        source: asyncio.StreamWriter,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Carry one direction, from `source`'s reader to `writer`, until either side is gone."""
        _send_at_once(writer)
        pieces: Pieces = asyncio.Queue()
        carrier = asyncio.create_task(self._carry(pieces, writer))
        try:
            while data := await reader.read(READ_BYTES_MAX):
                _confirm_at_once(source)
                pieces.put_nowait((self._loop.time() + self.delay_ms / 1_000, data))
            pieces.put_nowait((0, b""))
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
            writer.write(data)
            await writer.drain()


def _send_at_once(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _confirm_at_once(writer: asyncio.StreamWriter) -> None:
    """Add no delay of our own: a peer with Nagle's algorithm waits for what we confirm."""
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
