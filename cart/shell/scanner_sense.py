"""The code scanner on its port: bytes through a driver of `firmware_bridge`, its reads as
observations. It opens the port again whenever it is back. It must never ask what a code means.
"""

from __future__ import annotations

import logging
import threading

from cart.core.observations import InputRefused, ScanSeen, SenseBack, SenseLost
from cart.shell.clock import Clock
from cart.shell.config import ScannerConfig
from cart.shell.guard import Beat
from cart.shell.inbox import Inbox
from firmware_bridge.port import PortLost
from firmware_bridge.scanners import open_scanner, open_stream
from firmware_bridge.scanners.base import Refused, ScannerEvent
from firmware_bridge.streams import Stream

REOPEN_S = 0.5

log = logging.getLogger(__name__)


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
                with self._open() as port:
                    self._say_back()
                    self._read(port, beat)
            except PortLost as error:
                self._say_lost(str(error))
                beat()
                self._stopping.wait(REOPEN_S)

    def stop(self) -> None:
        """End `serve`."""
        self._stopping.set()

    def _open(self) -> Stream:
        scanner = self._config
        return open_stream(scanner.driver, str(scanner.port), scanner.baud)

    def _read(self, port: Stream, beat: Beat) -> None:
        driver = open_scanner(self._config.driver)
        while not self._stopping.is_set():
            for event in driver.receive(port.read()):
                self._put(event)
            beat()

    def _put(self, event: ScannerEvent) -> None:
        if isinstance(event, Refused):
            log.warning("input_refused from=scanner: %s", event.reason)
            self._inbox.put(InputRefused(t_ms=0, boundary="code", reason=event.reason))
            return
        scan = ScanSeen(t_ms=0, sensed_ms=self._clock(), text=event.text, source="scanner")
        self._inbox.put(scan)

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
