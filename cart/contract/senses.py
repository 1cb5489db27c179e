"""What crosses the socket between cartd and the eyes: one JSON object a line, both ways.

Pictures never cross it, only what was seen, stamped with the sensor's monotonic time. `sensed_ms`
is that time on the host's monotonic clock.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from cart.core.observations import CameraCondition, Candidate, Millinats
from cart.core.value import Value

__all__ = [
    "LINE_BYTES_MAX",
    "TO_EYES_BYTES_MAX",
    "CameraCondition",
    "Candidate",
    "Candidates",
    "CodeRead",
    "EyesAlive",
    "EyesMessage",
    "EyesTrouble",
    "KeepClip",
    "KnownCodes",
    "Sighting",
    "ToEyesMessage",
]

LINE_BYTES_MAX = 100_000
TO_EYES_BYTES_MAX = 4_000_000  # all codes of a catalog are one line: room for 230,000

CameraName = Annotated[str, Meta(max_length=40)]


class FromEyes(Value, tag_field="kind"):
    """The base of everything the eyes say."""


class CodeRead(FromEyes, tag="code_read"):
    """A code appeared in view (once per appearance, not once per frame).

    `millinats` is the log-probability that it was read rightly, `stage` what read it, and `proven`
    says that frames, verification or the catalog agree; else it is evidence for the mass to judge.
    """

    sensed_ms: int
    text: Annotated[str, Meta(max_length=10_000)]
    format: str
    frames: int = 1
    millinats: Millinats = 0
    stage: Annotated[str, Meta(max_length=40)] = ""
    proven: bool = True


class Sighting(FromEyes, tag="sighting"):
    """One thing was seen moving; candidates by log-probability in millinats, best first."""

    sensed_ms: int
    candidates: tuple[Candidate, ...]
    unknown_millinats: int


class EyesAlive(FromEyes, tag="alive"):
    """A heartbeat a second: age of the newest frame; since the start, frames seen and dropped, and
    how often a stalled camera was opened again. A cart with two cameras has a process for each, and
    `camera` says whose this is; `condition` how good its picture is."""

    frame_age_ms: int
    frames: int
    dropped: int
    reopened: int = 0
    camera: CameraName = ""
    condition: CameraCondition = "good"


class EyesTrouble(FromEyes, tag="trouble"):
    """The camera is missing or stalled; a person can act on `reason`."""

    reason: Annotated[str, Meta(max_length=500)]
    camera: CameraName = ""


EyesMessage = CodeRead | Sighting | EyesAlive | EyesTrouble


class ToEyes(Value, tag_field="kind"):
    """The base of everything the eyes are told."""


class KnownCodes(ToEyes, tag="known_codes"):
    """Codes of the catalog: a prior that may reject a read, never invent one."""

    gtins: tuple[str, ...]


class Candidates(ToEyes, tag="candidates"):
    """Products likely here (the aisle's); the rest stays possible."""

    skus: tuple[str, ...]


class KeepClip(ToEyes, tag="keep_clip"):
    """Keep the frames around this moment for a reason, as long as that reason allows: those there
    are, and how long, is a table beside this (cart/contract/clips.py)."""

    reason: str
    sensed_ms: int


ToEyesMessage = KnownCodes | Candidates | KeepClip
