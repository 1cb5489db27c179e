"""The real Picamera2 on libcamera's virtual cameras: from a frame to a line of the basket.

What only hardware shows (autofocus, exposure, pace, raw) is in test_camera_pi.py.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cart.contract.screen import Snapshot
from cart.core.observations import SenseBack, SenseLost
from cart.eyes.frames import Pixels
from cart.shell.clock import monotonic_ms
from cart.shell.eyes_link import EyesLink
from cart.shell.inbox import Inbox
from models.pictures import read_rgb
from rig.cart_watch import CartWatch
from rig.demo.stack import EYES, SCREEN, Options, Stack
from rig.enrol import demo_catalog
from rig.pictures import side_of
from rig.scene import Reach, Scene, held
from rig.supervisor import Program, Supervisor
from tests.machines.camera_root import camera_root, inside
from tests.rig.test_supervisor import has_started_twice
from tests.waiting import DEADLINE_S, serving, until

pytestmark = pytest.mark.machines

FPS = 15
GOOD = next(one for one in demo_catalog().products if one.sku == "tomatoes-400g")
SHOW = "tests.machines.camera.show"
READY = '"ready"'


@pytest.fixture(scope="module", autouse=True)
def _debian_is_made() -> None:
    camera_root()


def film(desk: Path) -> None:
    """What the camera inside sees when a tin is put in, and a while of rest; over and over."""
    scene = Scene(5)
    tin = Reach([held(side_of(GOOD, shown=True), random.Random(5))], started_s=0.0)
    times_s = [number / FPS for number in range(round((tin.lasts_s + 3) * FPS))]
    (desk / "frames").mkdir()
    for number, time_s in enumerate(times_s):
        scene.reach = tin if time_s < tin.lasts_s else None
        bgr = cv2.cvtColor(scene.frame(time_s), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(desk / "frames" / f"{number}.jpg"), bgr, [cv2.IMWRITE_JPEG_QUALITY, 95])


def still(desk: Path) -> Pixels:
    """One picture for the camera inside, in plain colours and not symmetrical; as RGB."""
    rgb = np.full((720, 1280, 3), (60, 120, 180), np.uint8)
    rgb[100:300, 200:500] = (200, 40, 30)
    (desk / "frames").mkdir()
    cv2.imwrite(str(desk / "frames" / "0.jpg"), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    return rgb


def show(desk: Path, *arguments: str) -> list[dict[str, Any]]:
    """What a source on this desk gives, frame by frame."""
    done = subprocess.run(
        inside(desk, SHOW, *arguments), capture_output=True, text=True, check=False,
        timeout=DEADLINE_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def eyes(desk: Path, source: str, *more: str) -> tuple[str, ...]:
    """The command of the eyes; their socket stands on the desk."""
    return inside(desk, "cart.eyes", "--source", source, "--socket", "/mnt/eyes.sock", *more)


def test_frames_come_with_the_time_of_the_light(tmp_path: Path) -> None:
    """In the sensor's pace, none twice, none missed, stamped on our clock a moment ago."""
    still(tmp_path)
    frames = show(tmp_path, "picamera:cart-inside", "20")
    assert [frame["sequence"] for frame in frames] == list(range(1, 21))
    stamps_ms = [frame["sensed_ms"] for frame in frames]
    assert stamps_ms == sorted(set(stamps_ms))
    assert np.median(np.diff(stamps_ms)) == pytest.approx(1_000 / FPS, rel=0.2)
    ages_ms = [frame["now_ms"] - frame["sensed_ms"] for frame in frames]
    assert min(ages_ms) >= 0
    assert np.median(ages_ms) < 1_000 / FPS
    assert {(*frame["luma"], *frame["small"]) for frame in frames} == {(720, 1280, 360, 640)}


def test_a_frame_shows_what_the_camera_sees(tmp_path: Path) -> None:
    """Luma, the small luma and the colours are those of the picture, in their places."""
    rgb = still(tmp_path)
    show(tmp_path, "picamera:cart-inside", "3")
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    for name, wanted in (("luma", luma), ("small", luma[::2, ::2])):
        seen = cv2.imread(str(tmp_path / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
        assert seen is not None
        assert np.abs(seen.astype(int) - wanted).mean() < 2
    colours = read_rgb(tmp_path / "colour.png").astype(int)
    # The virtual pipeline leaves JPEG's full range as it is; a Pi is told to use television's.
    assert np.abs(colours - rgb).mean() < 8


def test_who_looks_away_sees_what_is_now(tmp_path: Path) -> None:
    """The newest frame wins, and the sequence counts those that nobody looked at."""
    still(tmp_path)
    first, second, *_ = show(tmp_path, "picamera:cart-inside", "3", "1.0")
    assert second["sequence"] - first["sequence"] == pytest.approx(FPS, abs=4)
    assert second["now_ms"] - second["sensed_ms"] < 200


@pytest.mark.parametrize("word", ["Virtual1", "CART-RIM", "front"])
def test_a_camera_is_called_by_what_it_is(tmp_path: Path, word: str) -> None:
    """By its id, its model or its place; here the one that shows lines."""
    still(tmp_path)
    show(tmp_path, f"picamera:{word}", "2")
    seen = cv2.imread(str(tmp_path / "luma.png"), cv2.IMREAD_GRAYSCALE)
    assert seen is not None
    assert set(np.unique(seen)) == {16, 235}  # black and white, which the other doesn't show


@pytest.mark.parametrize(
    ("word", "complaint"),
    [
        ("imx708", "no camera is called that"),
        ("0", "no camera is called that"),  # a number changes with the cable
        ("cart", "several cameras are called that"),
    ],
)
def test_a_wrong_name_is_told_the_right_ones(tmp_path: Path, word: str, complaint: str) -> None:
    """The eyes end with status 1, and one line names the cameras that are there."""
    still(tmp_path)
    done = subprocess.run(
        eyes(tmp_path, f"picamera:{word}"), capture_output=True, text=True, check=False,
        timeout=DEADLINE_S,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"python -m cart.eyes: picamera {word}: {complaint}; there are: "
        "Virtual1 (cart-rim, front); Virtual0 (cart-inside, back)\n"
    )


def test_two_cameras_have_two_processes(tmp_path: Path) -> None:
    """Both are seen by one cart; killing the eyes of one loses the camera, until they are back."""
    still(tmp_path)
    inbox, heard = Inbox(monotonic_ms), list[object]()
    link = EyesLink(tmp_path / "eyes.sock", inbox, monotonic_ms)
    with serving(link.serve, link.stop), Supervisor(tmp_path / "logs") as supervisor:
        for name in ("cart-inside", "cart-rim"):
            command = eyes(tmp_path, f"picamera:{name}", "--camera", name)
            supervisor.start(Program(name, command, READY))
        for name in ("cart-inside", "cart-rim"):
            supervisor.wait_ready(name)
        until(lambda: link.cameras == {"cart-inside", "cart-rim"}, "frames of both")
        (tmp_path / "stalled").touch()
        until(partial(has_heard, SenseLost, inbox, heard), "the loss")
        (tmp_path / "stalled").unlink()
        until(partial(has_heard, SenseBack, inbox, heard), "the return of both")
        assert link.cameras == {"cart-inside", "cart-rim"}


@pytest.mark.parametrize(
    ("troubles", "last_words"),
    [
        (("stalled",), "cart.eyes: no frame for 2000 ms"),
        # It does not even stop when it is told to, so it cannot be opened again either.
        (("stalled", "deaf"), "Failed to acquire camera: Device or resource busy)"),
    ],
)
def test_a_silent_stall_ends_the_eyes_and_they_come_back(
    tmp_path: Path, troubles: tuple[str, ...], last_words: str
) -> None:
    """No frame, no error: the camera is opened once more, the process ends and starts again."""
    still(tmp_path)
    inbox, heard = Inbox(monotonic_ms), list[object]()
    link = EyesLink(tmp_path / "eyes.sock", inbox, monotonic_ms)
    with serving(link.serve, link.stop), Supervisor(tmp_path / "logs") as supervisor:
        supervisor.start(Program("eyes", eyes(tmp_path, "picamera:cart-inside"), READY))
        supervisor.wait_ready("eyes")
        for trouble in troubles:
            (tmp_path / trouble).touch()
        until(partial(has_heard, SenseLost, inbox, heard), "the loss")
        until(partial(has_started_twice, supervisor, "eyes"), "eyes that started again")
        assert not has_heard(SenseBack, inbox, heard)
        for trouble in troubles:
            (tmp_path / trouble).unlink()
        until(partial(has_heard, SenseBack, inbox, heard), "the return")
        assert [type(one) for one in heard] == [SenseLost, SenseBack]
    log = (tmp_path / "logs" / "eyes.log").read_text("utf-8")
    said, *_ = [line for line in log.splitlines() if line.startswith("python -m cart.eyes: ")]
    assert said.endswith(last_words)


def has_heard(kind: type, inbox: Inbox, heard: list[object]) -> bool:
    """Whether the cart has heard such an observation yet."""
    heard.extend(inbox.take(20))
    return any(isinstance(observation, kind) for observation in heard)


def test_from_a_frame_to_a_line_of_the_basket(tmp_path: Path) -> None:
    """Picamera2 sees a tin in a hand, the tin lands on the scale, and it is on the receipt."""

    def has_good(snapshot: Snapshot) -> bool:
        return [line.name for line in snapshot.lines] == [GOOD.name]

    with Stack(Options(tmp_path / "out")) as shop, CartWatch(shop.screen_socket) as cart:
        for name in (SCREEN, EYES):  # ours will be there instead
            shop.supervisor.end(name)
        desk = shop.screen_socket.parent
        film(desk)
        assert cart.wait_for(lambda snapshot: snapshot.online, DEADLINE_S)
        cart.send("start")
        assert cart.wait_for(lambda snapshot: snapshot.route == "shop", DEADLINE_S)
        (desk / "stalled").touch()
        shop.supervisor.start(Program("pi", eyes(desk, "picamera:cart-inside"), READY))
        shop.supervisor.wait_ready("pi")
        # The hand of the film and the hand of the world move together.
        (desk / "stalled").unlink()
        shop.world.do({"do": "put", "skus": [GOOD.sku], "show": "barcode"})
        assert cart.wait_for(has_good, DEADLINE_S), cart.snapshot
        journal = subprocess.run(
            [sys.executable, "-m", "cart", "journal", str(shop.cart_data)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    (added,) = [line for line in journal.stdout.splitlines() if '"item_added"' in line]
    evidence = json.loads(added)["event"]["evidence"]
    assert evidence["decided_by"] == "fusion"
    code = evidence["code"]
    assert (code["source"], code["symbology"]) == ("camera", "EAN13")
    assert code["text"] == GOOD.gtins[0][1:]
