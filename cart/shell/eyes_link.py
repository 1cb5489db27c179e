"""The eyes' socket: reads and sightings in, the catalog's codes and likely products out.

The eyes say every second that they live and how old their newest frame is. Silence, an old frame
or their own word make the camera lost; of two cameras, one is enough. How good the picture is comes
with each of these words. It must never touch a picture.
"""

from __future__ import annotations

import logging
from pathlib import Path

from cart.contract.lines import ContractError, decode, encode
from cart.contract.senses import (
    LINE_BYTES_MAX,
    CameraCondition,
    Candidates,
    CodeRead,
    EyesAlive,
    EyesMessage,
    EyesTrouble,
    KeepClip,
    KnownCodes,
    Sighting,
)
from cart.core.effects import TellEyes, WantClip
from cart.core.observations import (
    CameraState,
    InputRefused,
    ItemSighted,
    ScanSeen,
    SenseBack,
    SenseLost,
)
from cart.shell.clock import Clock
from cart.shell.guard import Beat
from cart.shell.inbox import Inbox
from cart.shell.line_server import LineServer

SILENCE_MAX_MS = 3_000
FRAME_AGE_MAX_MS = 2_000
NOBODY_YET = ""
"""The name of a cart's only camera, and until the first word the one that is waited for."""
WORST_LAST: tuple[CameraCondition, ...] = ("good", "dirty", "glare", "dark", "covered", "frozen")
"""Of two cameras, the worse one's condition is told."""

log = logging.getLogger(__name__)


class EyesLink:
    """Turns what the eyes say into observations, and says when nothing sees."""

    def __init__(self, path: Path, inbox: Inbox, clock: Clock) -> None:
        self._inbox = inbox
        self._clock = clock
        self._alive_ms = {NOBODY_YET: clock()}
        self._unwell: set[str] = set()
        self._conditions: dict[str, CameraCondition] = {}
        self._told: CameraCondition = "good"
        self.losses = 0
        self._server = LineServer(
            path, LINE_BYTES_MAX, self._heard, self._refused, self._clients_changed
        )

    def tell(self, effect: TellEyes) -> None:
        """Give the eyes the catalog's codes and the products that are likely here."""
        self._server.publish("known_codes", encode(KnownCodes(gtins=effect.gtins)))
        self._server.publish("candidates", encode(Candidates(skus=effect.skus)))

    def want_clip(self, effect: WantClip) -> None:
        """Ask the eyes to keep a clip; eyes that come later have no frames of that moment."""
        line = encode(KeepClip(reason=effect.reason, sensed_ms=effect.sensed_ms))
        self._server.publish(f"keep_clip {effect.reason}", line)

    @property
    def cameras(self) -> set[str]:
        """The names of the cameras that see, as far as their eyes have said."""
        return set(self._alive_ms) - self._unwell

    def serve(self, beat: Beat) -> None:
        """Serve until `stop`."""
        self._server.serve(beat, self._listen_for_silence)

    def stop(self) -> None:
        """End `serve`."""
        self._server.stop()

    def _heard(self, line: bytes) -> None:
        try:
            message: EyesMessage = decode(EyesMessage, line, "message of the eyes")
        except ContractError as error:
            self._refused(str(error))
            return
        match message:
            case CodeRead():
                self._inbox.put(
                    ScanSeen(
                        t_ms=0,
                        sensed_ms=max(0, message.sensed_ms),
                        text=message.text,
                        symbology=message.format,
                        source="camera",
                        score_millinats=message.millinats,
                        proven=message.proven,
                    )
                )
            case Sighting():
                self._inbox.put(
                    ItemSighted(
                        t_ms=0,
                        sensed_ms=max(0, message.sensed_ms),
                        candidates=message.candidates,
                        unknown_millinats=min(0, message.unknown_millinats),
                    )
                )
            case EyesAlive():
                self._judge(message)
            case EyesTrouble():
                self._lose(message.camera, message.reason)

    def _judge(self, alive: EyesAlive) -> None:
        for camera in (NOBODY_YET, alive.camera):
            self._alive_ms.pop(camera, None)
        self._alive_ms[alive.camera] = self._clock()
        if alive.frame_age_ms > FRAME_AGE_MAX_MS:
            self._lose(alive.camera, f"the newest frame is {alive.frame_age_ms} ms old")
        else:
            self._find(alive.camera)
            self._conditions[alive.camera] = alive.condition
        if not self._unwell:
            self._tell_condition()

    def _tell_condition(self) -> None:
        worst = max(self._conditions.values(), key=WORST_LAST.index)
        if worst != self._told:
            self._told = worst
            log.info("camera_state condition=%s", worst)
            self._inbox.put(CameraState(t_ms=0, condition=worst))

    def _clients_changed(self, clients: int) -> None:
        if clients == 0:
            for camera in self._alive_ms:
                self._lose(camera, "the eyes closed the connection")

    def _listen_for_silence(self) -> None:
        for camera, alive_ms in self._alive_ms.items():
            if self._clock() - alive_ms > SILENCE_MAX_MS:
                self._lose(camera, "the eyes are silent")

    def _lose(self, camera: str, reason: str) -> None:
        if camera in self._unwell:
            return
        is_first = not self._unwell
        self._unwell.add(camera)
        self.losses += 1
        self._conditions.pop(camera, None)
        self._told = "good"  # as the mind takes a lost camera
        named = f"{camera}: {reason}" if camera else reason
        log.warning("sense_lost sense=camera losses=%d: %s", self.losses, named)
        if is_first:
            self._inbox.put(SenseLost(t_ms=0, sense="camera", reason=named))

    def _find(self, camera: str) -> None:
        found = self._unwell & {camera, NOBODY_YET}
        self._unwell -= found
        if found and not self._unwell:
            log.info("sense_back sense=camera")
            self._inbox.put(SenseBack(t_ms=0, sense="camera"))

    def _refused(self, reason: str) -> None:
        log.warning("input_refused from=eyes: %s", reason)
        self._inbox.put(InputRefused(t_ms=0, boundary="contract", reason=reason[:500]))
