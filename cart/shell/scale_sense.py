"""The scale on its port: bytes through a driver of `firmware_bridge`, its events as
observations. It opens the port again whenever it is back.

It must never filter or judge a load: the driver settles it, the mind explains it. `LoadLive` and
`LoadPending` stay here: the mind thinks about what rests, and knows that it moves.
"""

from __future__ import annotations

import logging
import threading

from cart.core.observations import LoadChanged, SenseBack, SenseDoubted, SenseLost
from cart.core.weighed import LoadReading, Readings
from cart.shell.clock import Clock
from cart.shell.config import ScaleConfig
from cart.shell.guard import Beat
from cart.shell.inbox import Inbox
from firmware_bridge.metrology.reading import Reading
from firmware_bridge.port import PortLost
from firmware_bridge.scales import open_stream
from firmware_bridge.scales.base import (
    CornerBad,
    FramesLost,
    LoadMoving,
    LoadSettled,
    Scale,
    ScaleBack,
    ScaleEvent,
    ScaleLost,
    Weighed,
)
from firmware_bridge.streams import Stream

REOPEN_S = 0.25

log = logging.getLogger(__name__)


class Indicated:
    """What the scale indicated at rest on both sides of a load change.

    Readings come a few times a second, so the last at rest may be from after the onset: the one
    before it is kept too.
    """

    def __init__(self) -> None:
        self._at_all = False
        self._unwatched = False
        self._rests: tuple[Reading, ...] = ()
        self._before: Reading | None = None

    def take(self, reading: Reading) -> None:
        """The scale indicates this now."""
        self._at_all = True
        if reading.weight_stable:
            self._rests = (*self._rests[-1:], reading)

    def began(self, onset_ms: int) -> None:
        """The load moves: what was indicated last is what it moves from."""
        earlier = [reading for reading in self._rests if reading.sensed_ms <= onset_ms]
        self._before = earlier[-1] if earlier else None

    def lost(self) -> None:
        """Nobody watches now: what was indicated until here is before no later change."""
        self._unwatched = True
        self._rests, self._before = (), None

    def settled(self, sensed_ms: int) -> Readings | None:
        """Before and after of what rests since then; None for a scale that indicates nothing. The
        first after a loss has no before, on any scale."""
        after = next((one for one in self._rests if one.sensed_ms == sensed_ms), None)
        before = None if self._unwatched else self._before
        told = self._at_all or self._unwatched
        self._before, self._unwatched = None, False
        # What rests later is kept: of two things in one swing the second's reading came first.
        self._rests = tuple(one for one in self._rests if one.sensed_ms >= sensed_ms)
        return Readings(_as_told(before), _as_told(after)) if told else None


def _as_told(reading: Reading | None) -> LoadReading | None:
    if reading is None:
        return None
    return LoadReading(
        reading_id=reading.reading_id,
        software_id=reading.software_id,
        gross_mg=reading.gross_weight_mg,
        tare_mg=reading.tare_weight_mg,
        stable=reading.weight_stable,
        overload=reading.overload,
        sound=reading.sound,
        legal_for_trade=reading.legal_for_trade,
        trouble=reading.trouble,
    )


class ScaleSense:
    """Moves bytes between the port and the driver in its own thread."""

    def __init__(self, config: ScaleConfig, driver: Scale, inbox: Inbox, clock: Clock) -> None:
        self._config = config
        self._driver = driver
        self._inbox = inbox
        self._clock = clock
        self._stopping = threading.Event()
        self._rest_mg = 0
        self._frames_lost = 0
        self._trouble = ""
        self._indicated = Indicated()
        self._bad_corners: set[int] = set()

    def serve(self, beat: Beat) -> None:
        """Weigh until `stop`."""
        while not self._stopping.is_set():
            try:
                with self._open() as port:
                    self._weigh(port, beat)
            except PortLost as error:
                self._say(str(error))
                self._take(self._driver.lost(self._clock()))
                beat()
                self._stopping.wait(REOPEN_S)

    def stop(self) -> None:
        """End `serve`."""
        self._stopping.set()

    def _open(self) -> Stream:
        scale = self._config
        return open_stream(scale.driver, str(scale.port), baud=scale.baud, framing=scale.framing)

    def _weigh(self, port: Stream, beat: Beat) -> None:
        while not self._stopping.is_set():
            data = port.read()
            now_ms = self._clock()
            self._take(self._driver.receive(data, now_ms))
            port.write(self._driver.to_send(now_ms))
            beat()

    def _say(self, trouble: str) -> None:
        """Log why the port can't be had, once for each reason."""
        if trouble != self._trouble:
            self._trouble = trouble
            log.warning("port_lost sense=scale: %s", trouble)

    def _take(self, events: list[ScaleEvent]) -> None:
        for event in events:
            self._put(event)

    def _put(self, event: ScaleEvent) -> None:
        match event:
            case Weighed():
                self._indicated.take(event.reading)
            case LoadMoving():
                self._indicated.began(event.sensed_ms)
                self._inbox.put(
                    LoadChanged(
                        t_ms=0,
                        sensed_ms=max(0, event.sensed_ms),
                        before_mg=self._rest_mg,
                        after_mg=self._rest_mg,
                        state="moving",
                    )
                )
            case LoadSettled():
                self._rest_mg = event.after_mg
                self._inbox.put(
                    LoadChanged(
                        t_ms=0,
                        sensed_ms=max(0, event.sensed_ms),
                        before_mg=event.before_mg,
                        after_mg=event.after_mg,
                        onset_ms=max(0, event.onset_ms),
                        uncertainty_mg=event.uncertainty_mg,
                        readings=self._indicated.settled(event.sensed_ms),
                    )
                )
            case CornerBad():
                self._doubt(event)
            case ScaleLost():
                self._indicated.lost()
                log.warning("sense_lost sense=scale reason=%s: %s", event.reason, event.detail)
                self._inbox.put(SenseLost(t_ms=0, sense="scale", reason=event.detail))
            case ScaleBack():
                self._trouble = ""
                log.info("sense_back sense=scale")
                self._inbox.put(SenseBack(t_ms=0, sense="scale"))
            case FramesLost():
                self._frames_lost += event.count
                log.info("frames_lost count=%d since_start=%d", event.count, self._frames_lost)

    def _doubt(self, corner: CornerBad) -> None:
        """A cell went bad: said once, for people who can mend it."""
        if corner.channel not in self._bad_corners:
            self._bad_corners.add(corner.channel)
            log.warning("corner_bad channel=%d: %s", corner.channel, corner.detail)
            self._inbox.put(SenseDoubted(t_ms=0, sense="scale", reason=corner.detail))
