"""cartd: the only place that wires the cart's parts together, and the process around them.

Two builders: `real` opens ports, sockets and the store's broker; `replayed` feeds a record through
the same loop into a journal. A simulated cart is the real one with other paths in its file.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import logging
import secrets
import signal
import sys
import threading
from pathlib import Path
from random import SystemRandom
from typing import Protocol, TextIO, get_args

from cart.contract.lines import ContractError
from cart.contract.screen import Snapshot
from cart.core.basket import fold
from cart.core.catalog import Catalog, CatalogError, parse_catalog
from cart.core.effects import (
    Effect,
    MakePairCode,
    OfferPairing,
    ReportCommand,
    ReportConfig,
    RequestPayment,
    ReserveCoupon,
    RunCommand,
    TellBasket,
    TellEyes,
    TellHealth,
    WantClip,
)
from cart.core.observations import (
    AnyObservation,
    Booted,
    CatalogArrived,
    PairCodeMade,
    SenseLost,
)
from cart.shell.clock import Clock, monotonic_ms
from cart.shell.config import Config, ConfigError, ScaleConfig, ScannerConfig, load
from cart.shell.eyes_link import EyesLink
from cart.shell.guard import Beat, Guard, end_process
from cart.shell.inbox import Inbox
from cart.shell.journal import Journal, JournalError
from cart.shell.loop import CoreLoop, Perform
from cart.shell.notify import notify
from cart.shell.recorder import FOLDER, Recorder, read_record
from cart.shell.scale_sense import ScaleSense
from cart.shell.scanner_sense import ScannerSense
from cart.shell.screen_link import ScreenLink
from cart.shell.store_link import StoreLink
from cart.shell.ticker import Ticker
from firmware_bridge.metrology import calibration
from firmware_bridge.scales import UnknownDriverError, open_driver
from firmware_bridge.scales.base import Scale
from firmware_bridge.scanners import UnknownScannerError, open_scanner

SUPERVISE_S = 1.0
JOIN_S = 2.0
STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}

log = logging.getLogger(__name__)


class Service(Protocol):
    """Something that runs in its own guarded thread between `serve` and `stop`."""

    def serve(self, beat: Beat) -> None: ...

    def stop(self) -> None: ...


class Cart:
    """The wired parts of a running cart. Opening it opens every file and socket, or raises."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self.only_one = _only_one(config.data_folder)
        self.guard = Guard(clock)
        self.inbox = Inbox(clock)
        self.journal = Journal(config.data_folder)
        booted = Booted(
            t_ms=0,
            cart_id=config.cart_id,
            epoch=self.journal.epoch,
            journal=self.journal.events(),
            boot_id=secrets.token_hex(4),
        )
        self.inbox.put(booted)
        if config.catalog_file:
            self.inbox.put(CatalogArrived(t_ms=0, catalog=_catalog(config.catalog_file)))
        self.screen = ScreenLink(config.screen_socket, self.inbox)
        self.eyes = EyesLink(config.eyes_socket, self.inbox, clock)
        self.store: StoreLink | None = None
        if config.broker:
            self.store = StoreLink(
                config, self.journal, self.inbox, self.guard, clock, SystemRandom()
            )
            self.store.bring_back_catalog(fold(booted.journal).catalog_version)
        self.recorder = Recorder(config.data_folder / FOLDER) if config.recording else None
        self.services = self._services(config, clock)
        self.loop = self._loop()

    def start(self) -> None:
        """Start the core first, then all that feeds it."""
        self.core = self.guard.start("core", self.loop.run)
        if self.store:
            self.store.start()
        self.threads = [
            self.guard.start(name, service.serve) for name, service in self.services.items()
        ]

    def stop(self) -> None:
        """End every thread and close the files. What was accepted is on the disk already."""
        self.inbox.close()
        self.core.join(JOIN_S)
        for service in self.services.values():
            service.stop()
        if self.store:
            self.store.stop()
        for thread in self.threads:
            thread.join(JOIN_S)
        if self.recorder:
            self.recorder.close()
        self.journal.close()
        self.only_one.close()

    def _services(self, config: Config, clock: Clock) -> dict[str, Service]:
        services: dict[str, Service] = {
            "screen": self.screen,
            "eyes": self.eyes,
            "ticker": Ticker(self.inbox),
        }
        if config.scale:
            driver = _driver(config.scale)
            services["scale"] = ScaleSense(config.scale, driver, self.inbox, clock)
        else:
            self.inbox.put(SenseLost(t_ms=0, sense="scale", reason="no scale is configured"))
        if config.scanner:
            _check_scanner(config.scanner)
            services["scanner"] = ScannerSense(config.scanner, self.inbox, clock)
        return services

    def _loop(self) -> CoreLoop:
        ask_store: Perform = self.store.perform if self.store else _nothing
        effects: dict[type[Effect], Perform] = {
            MakePairCode: lambda _effect: self.inbox.put(
                PairCodeMade(t_ms=0, nonce=secrets.token_urlsafe(12))
            ),
            OfferPairing: ask_store,
            RequestPayment: ask_store,
            RunCommand: ask_store,
            ReportCommand: ask_store,
            ReportConfig: ask_store,
            ReserveCoupon: ask_store,
            TellBasket: ask_store,
            TellHealth: ask_store,
            TellEyes: self.eyes.tell,
            WantClip: self.eyes.want_clip,
        }
        return CoreLoop(
            self.inbox,
            self.journal,
            self.recorder.record if self.recorder else _nothing,
            self.screen.show,
            self.store.journal_grew if self.store else lambda: None,
            effects,
        )


def real(config: Config) -> Cart:
    """The cart that this configuration describes, on this machine's clock.

    Raises ConfigError, JournalError or ContractError when it can't be opened.
    """
    return Cart(config, monotonic_ms)


def replayed(record: Path, folder: Path) -> Journal:
    """The journal in `folder` (a new one) after a record has passed through the same loop.

    Raises ContractError when the file is no record.
    """
    journal = Journal(folder)
    loop = CoreLoop(
        Inbox(lambda: 0), journal, _nothing, _unseen, lambda: None,
        dict.fromkeys(get_args(Effect), _nothing),
    )  # fmt: skip
    for observation in read_record(record):
        if isinstance(observation, Booted):
            journal.append(observation.journal)
        loop.think([observation], lambda: None)
    return journal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `python -m cart run` takes."""
    parser.add_argument(
        "--config", type=Path, required=True, metavar="FILE", help="the cart's TOML file"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the cart until SIGTERM or SIGINT; 0 after a clean end, 2 when it can't start."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(threadName)s %(message)s"
    )
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    for stop in STOP_SIGNALS:
        signal.signal(stop, _pass_on)
    try:
        cart = real(load(arguments.config))
    except (ConfigError, JournalError, ContractError) as error:
        sys.stderr.write(f"cartd: {error}\n")
        return 2
    cart.start()
    _say_ready(cart)
    supervise(cart.guard)
    notify("STOPPING=1")
    cart.stop()
    return 0


def _pass_on(number: int, _frame: object) -> None:
    """Give the main thread a signal that came to a library's thread, older than the mask."""
    signal.pthread_kill(threading.get_ident(), number)


def _say_ready(cart: Cart) -> None:
    ready = {
        "ready": "cartd",
        "epoch": cart.journal.epoch,
        "last_seq": cart.journal.last_seq,
        "trouble": cart.journal.trouble,
        "record": str(cart.recorder.path) if cart.recorder else None,
    }
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    notify("READY=1")


def supervise(guard: Guard) -> None:
    """Wait for a signal to stop, and feed systemd's watchdog while every thread shows life."""
    before: list[str] = []
    while signal.sigtimedwait(STOP_SIGNALS, SUPERVISE_S) is None:
        silent = guard.silent()
        if silent and silent == before:  # twice: after a pause of the process all look silent once
            log.critical("threads_silent %s; the process ends", ",".join(silent))
            end_process()
        if not silent:
            notify("WATCHDOG=1")
        before = silent


def _only_one(folder: Path) -> TextIO:
    """Hold the folder as long as the returned file is open: two carts must not share a journal."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / "cartd.lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise ConfigError(f"data_folder: {folder} is in use by another cartd; stop it") from error
    except OSError as error:
        raise ConfigError(f"data_folder: {folder}: {error.strerror}; make it writable") from error
    return lock


def _catalog(path: Path) -> Catalog:
    try:
        return parse_catalog(path.read_bytes())
    except (OSError, CatalogError) as error:
        raise ConfigError(f"catalog_file: {path}: {error}") from error


def _driver(scale: ScaleConfig) -> Scale:
    file = scale.calibration
    try:
        weights = calibration.load(file) if file else calibration.NOMINAL
        if weights.trouble:
            log.warning("calibration_doubted nothing is sold by weight: %s", weights.trouble)
        return open_driver(scale.driver, calibration=weights)
    except calibration.CalibrationError as error:
        raise ConfigError(f"scale.calibration: {error}") from error
    except UnknownDriverError as error:
        raise ConfigError(f"scale.driver: {error}") from error


def _check_scanner(scanner: ScannerConfig) -> None:
    try:
        open_scanner(scanner.driver)
    except UnknownScannerError as error:
        raise ConfigError(f"scanner.driver: {error}") from error


def _nothing(_ignored: AnyObservation | Effect) -> None:
    """Stand in for what this cart doesn't have."""


def _unseen(_snapshot: Snapshot) -> None:
    """Show nothing."""
