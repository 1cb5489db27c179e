"""How good the camera's picture is, from the eyes' heartbeat to an observation; and back, the wish
for a clip."""

from __future__ import annotations

from pathlib import Path

from cart.core.effects import WantClip
from cart.core.observations import CameraState, SenseBack, SenseLost
from cart.shell.clock import monotonic_ms
from cart.shell.eyes_link import EyesLink
from tests.shell.peers import LinePeer
from tests.shell.test_senses import Ear
from tests.waiting import serving


def test_a_condition_is_said_once_and_again_after_a_loss(tmp_path: Path) -> None:
    """Ten heartbeats in the dark are one observation; eyes that come back say it anew."""
    ear, path = Ear(), tmp_path / "run" / "eyes.sock"
    link = EyesLink(path, ear.inbox, monotonic_ms)

    def alive(eyes: LinePeer, condition: str, camera: str = "") -> None:
        eyes.say(
            kind="alive", frame_age_ms=5, frames=1, dropped=0, camera=camera, condition=condition
        )

    with serving(link.serve, link.stop):
        with LinePeer(path) as eyes:
            for condition in ("good", *["dark"] * 10, "good"):
                alive(eyes, condition)
            assert [ear.hear(CameraState).condition for _ in range(2)] == ["dark", "good"]
            alive(eyes, "covered")
            assert ear.hear(CameraState).condition == "covered"
        ear.hear(SenseLost)
        with LinePeer(path) as eyes:
            alive(eyes, "covered")
            ear.hear(SenseBack)
            assert ear.hear(CameraState).condition == "covered"


def test_of_two_cameras_the_worse_is_told(tmp_path: Path) -> None:
    """Glare in one and darkness in the other: darkness, and glare when there is light again."""
    ear, path = Ear(), tmp_path / "run" / "eyes.sock"
    link = EyesLink(path, ear.inbox, monotonic_ms)
    with serving(link.serve, link.stop), LinePeer(path) as eyes:
        for camera, condition in (("left", "glare"), ("right", "dark"), ("right", "good")):
            eyes.say(
                kind="alive", frame_age_ms=5, frames=1, dropped=0, camera=camera,
                condition=condition,
            )  # fmt: skip
        told = [ear.hear(CameraState).condition for _ in range(3)]
    assert told == ["glare", "dark", "glare"]


def test_the_wish_for_a_clip_reaches_the_eyes(tmp_path: Path) -> None:
    """One line a wish, its reason and its moment."""
    ear, path = Ear(), tmp_path / "run" / "eyes.sock"
    link = EyesLink(path, ear.inbox, monotonic_ms)
    link.want_clip(WantClip("unexplained_load", 1_234))
    with serving(link.serve, link.stop), LinePeer(path) as eyes:
        kept = {"kind": "keep_clip", "reason": "unexplained_load", "sensed_ms": 1_234}
        assert eyes.hear() == kept
