"""The Raspberry Pi's cameras, through Picamera2: `picamera:WORD`, a word of its id or model.

A number is no name: which camera is 0 changes with the cable. `i2c@88000` or `imx708` is one.
libcamera's thread must never wait for us: what is needed of a buffer is copied (0.3 ms) and the
buffer goes back at once. Configured once, opened again at most once a process.
"""

from __future__ import annotations

import contextlib
import logging
import time
from typing import Any, Protocol, cast

from cart.eyes.frames import TO_RGB, Frame, Layout, Pixels, SourceLostError, small_size
from cart.eyes.sources.latest import Latest, let_go
from cart.eyes.sources.settings import Settings

BUFFERS = 4
PLACES = {0: "front", 1: "back", 2: "external"}
NANOSECONDS = 1_000_000_000

log = logging.getLogger(__name__)


class Request(Protocol):
    """What of Picamera2's CompletedRequest is used."""

    config: dict[str, dict[str, Any]]

    def get_metadata(self) -> dict[str, Any]: ...
    def make_array(self, name: str) -> Pixels: ...


class PicameraSource:
    """Frames of one camera: luma in full, and what the image processor scaled down."""

    def __init__(self, place: str, settings: Settings) -> None:
        self._place = place
        self._period_ns = NANOSECONDS // settings.fps
        self._latest: Latest[Frame] = Latest()
        self._stamp_ns = 0
        self._sequence = 0
        try:
            self._camera = _opened(place)
            with contextlib.ExitStack() as undo:
                undo.callback(let_go, self._camera.close)
                _configure(self._camera, settings)
                self._camera.pre_callback = self._arrived
                self._camera.start()
                undo.pop_all()
        except (ImportError, RuntimeError, OSError) as error:
            cause = f" ({error.__cause__})" if error.__cause__ else ""
            raise SourceLostError(f"picamera {place}: {error}{cause}") from error

    def newest(self, timeout_s: float) -> Frame | None:
        """See FrameSource."""
        return self._latest.take(timeout_s)

    def close(self) -> None:
        """See FrameSource. A camera that stalled may never answer."""
        let_go(self._camera.close)

    def _arrived(self, request: Request) -> None:
        """In libcamera's thread: copy and return."""
        stamp_ns = request.get_metadata()["SensorTimestamp"]
        gap_ns = stamp_ns - self._stamp_ns if self._stamp_ns else 0
        self._stamp_ns = stamp_ns
        # The rate is fixed, so a gap in time is a count of frames that never came.
        self._sequence += max(1, round(gap_ns / self._period_ns))
        main, (width, height) = request.make_array("main"), request.config["main"]["size"]
        small_width, small_height = request.config["lores"]["size"]
        self._latest.put(
            Frame(
                luma=main[:height, :width],
                sensed_ms=monotonic_ms(stamp_ns),
                sequence=self._sequence,
                pixels=main,
                layout=cast("Layout", request.config["main"]["format"]),
                scaled=request.make_array("lores")[:small_height, :small_width],
            )
        )


def monotonic_ms(stamp_ns: int) -> int:
    """A sensor's stamp on the monotonic clock.

    libcamera promises CLOCK_BOOTTIME; the Pi's drivers stamp with CLOCK_MONOTONIC. The two differ
    by the time that the machine slept, and a stamp from the future can only be the first."""
    now_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    if stamp_ns > now_ns:
        stamp_ns -= time.clock_gettime_ns(time.CLOCK_BOOTTIME) - now_ns
    return stamp_ns // 1_000_000


def _opened(place: str) -> Any:  # noqa: ANN401  # a Pi's library, without types
    """The camera that is meant. Raises ImportError, RuntimeError or OSError."""
    from picamera2 import Picamera2  # noqa: PLC0415  # exists on a Pi only

    return Picamera2(_number_of(place, Picamera2.global_camera_info()))


def _configure(camera: Any, settings: Settings) -> None:  # noqa: ANN401  # as above
    from libcamera import ColorSpace  # noqa: PLC0415  # exists where Picamera2 does

    wanted = _controls(settings)
    unknown = sorted(wanted.keys() - camera.camera_controls.keys())
    if unknown:
        log.warning("this camera has no %s", ", ".join(unknown))
    configuration = camera.create_video_configuration(
        colour_space=ColorSpace.Smpte170m(),  # the one that OpenCV's conversions are made for
        main={"size": settings.size, "format": "YUV420"},
        lores={"size": small_size(*settings.size), "format": "YUV420"},
        buffer_count=BUFFERS,
        controls={name: value for name, value in wanted.items() if name not in unknown},
    )
    camera.configure(configuration)
    layout = camera.camera_configuration()["main"]["format"]
    if layout not in TO_RGB:
        raise RuntimeError(f"it gives {layout}; {', '.join(TO_RGB)} can be read")


def _controls(settings: Settings) -> dict[str, object]:
    """libcamera's words for the settings; what stays automatic is not mentioned."""
    period_us = 1_000_000 // settings.fps
    rows: tuple[tuple[str, object], ...] = (
        ("FrameDurationLimits", (period_us, period_us)),
        ("ExposureTime", settings.exposure_us),
        ("AnalogueGain", settings.gain),
        ("ColourGains", settings.white_balance),
        ("AwbEnable", None if settings.white_balance is None else False),
        ("LensPosition", settings.focus_dioptres),
        ("AfMode", None if settings.focus_dioptres is None else 0),  # 0: manual
    )
    return {name: value for name, value in rows if value is not None}


def _number_of(place: str, cameras: list[dict[str, Any]]) -> int:
    """The number that Picamera2 gives the one camera that is meant, today."""
    found = [
        number
        for number, camera in enumerate(cameras)
        if place == camera["Id"]
        or (not place.isdecimal() and place.casefold() in _described(camera).casefold())
    ]
    if len(found) != 1:
        there = "; ".join(map(_described, cameras)) or "none"
        raise RuntimeError(
            f"{'no camera is' if not found else 'several cameras are'} called that; "
            f"there are: {there}"
        )
    return found[0]


def _described(camera: dict[str, Any]) -> str:
    place = PLACES.get(camera.get("Location", -1), "somewhere")
    return f"{camera['Id']} ({camera.get('Model', 'unknown model')}, {place})"
