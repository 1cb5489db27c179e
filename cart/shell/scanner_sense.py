"""The code scanner on a serial port: each line it sends is one read, as it stands.

An AIM prefix such as "]E0" stays in the text, which `cart.core.codes` reads. A read that is too
long is refused once, and the next one is read again. It must never ask what a code means.
"""

from __future__ import annotations

import logging
import re
import threading

from cart.core.observations import InputRefused, ScanSeen, SenseBack, SenseLost
from cart.shell.clock import Clock
from cart.shell.config import ScannerConfig
from cart.shell.guard import Beat
from cart.shell.inbox import Inbox
from firmware_bridge.port import Port, PortLost

CODE_BYTES_MAX = 4_296  # what the largest QR code holds
REOPEN_S = 0.5

log = logging.getLogger(__name__)


class CodeLines:
    """Cuts the scanner's bytes at CR and LF. Pure: bytes in, whole reads out."""

    def __init__(self) -> None:
        self._held = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes | None]:
        """The reads that `data` ends, empty ones left out; None for one that is too long."""
        *ended, held = re.split(rb"[\r\n]", self._held + data)
        reads = [read for line in ended for read in self._judge(line)]
        self._skipping = self._skipping or len(held) > CODE_BYTES_MAX
        self._held = b"" if self._skipping else held
        return reads

    def _judge(self, line: bytes) -> list[bytes | None]:
        too_long = self._skipping or len(line) > CODE_BYTES_MAX
        self._skipping = False
        if too_long:
            return [None]
        return [line] if line else []


class ScannerSense:
    """Reads the port in its own thread and opens it again whenever it is back."""

    def __init__(self, config: ScannerConfig, inbox: Inbox, clock: Clock) -> None:
        self._config = config
        self._inbox = inbox
        self._clock = clock
        self._lost = False
        self._stopping = threading.Event()

    def serve(self, beat: Beat) -> None:
        """Read until `stop`."""
        while not self._stopping.is_set():
            try:
                with Port(str(self._config.port), self._config.baud) as port:
                    self._say_back()
                    self._read(port, beat)
            except PortLost as error:
                self._say_lost(str(error))
                beat()
                self._stopping.wait(REOPEN_S)

    def stop(self) -> None:
        """End `serve`."""
        self._stopping.set()

    def _read(self, port: Port, beat: Beat) -> None:
        lines = CodeLines()
        while not self._stopping.is_set():
            for read in lines.feed(port.read()):
                self._put(read)
            beat()

    def _put(self, read: bytes | None) -> None:
        text = _text(read) if read is not None else None
        if text is None:
            reason = f"the scanner sent more than {CODE_BYTES_MAX} bytes, or no text; scan again"
            log.warning("input_refused from=scanner: %s", reason)
            self._inbox.put(InputRefused(t_ms=0, boundary="code", reason=reason))
            return
        self._inbox.put(ScanSeen(t_ms=0, sensed_ms=self._clock(), text=text, source="scanner"))

    def _say_lost(self, reason: str) -> None:
        if not self._lost:
            self._lost = True
            log.warning("sense_lost sense=scanner: %s", reason)
            self._inbox.put(SenseLost(t_ms=0, sense="scanner", reason=reason))

    def _say_back(self) -> None:
        if self._lost:
            self._lost = False
            log.info("sense_back sense=scanner")
            self._inbox.put(SenseBack(t_ms=0, sense="scanner"))


def _text(read: bytes) -> str | None:
    try:
        return read.decode()
    except UnicodeDecodeError:
        return None
