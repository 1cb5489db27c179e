"""What only a Raspberry Pi with its cameras shows: `make test-pi CAMERA=imx708`.

Deselected everywhere else. DASHCART_CAMERA names the camera as `picamera:` does; the basket below
it is empty and nobody reaches in, except where a test asks for it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cart.core.observations import SenseBack, SenseLost
from cart.eyes.frames import Frame
from cart.eyes.sources.picamera import PicameraSource
from cart.eyes.sources.settings import Settings
from cart.shell.clock import monotonic_ms
from cart.shell.eyes_link import EyesLink
from cart.shell.inbox import Inbox
from models.reader import Reader
from rig.supervisor import Program, Supervisor
from tests.waiting import DEADLINE_S, serving, until

# Picamera2 itself calls what is deprecated.
pytestmark = [pytest.mark.pi, pytest.mark.filterwarnings("ignore::DeprecationWarning:picamera2")]

HOURS = float(os.environ.get("DASHCART_PI_HOURS", "24"))
FIXED = Settings(exposure_us=2_000, gain=2.0, white_balance=(1.8, 1.6), focus_dioptres=4.0)
BACK_MS_MAX = 10_000
IDLE_SHARE_MAX = 0.10


@pytest.fixture
def camera() -> str:
    """The camera's name."""
    name = os.environ.get("DASHCART_CAMERA", "")
    assert name, "set DASHCART_CAMERA to a word of the camera's id or model"
    return name


def frames(source: PicameraSource, count: int) -> list[Frame]:
    """So many frames, one after the other."""
    return [until(lambda: source.newest(1.0), "a frame") for _ in range(count)]


def metadata(source: PicameraSource, count: int) -> list[dict[str, Any]]:
    """What libcamera says of so many frames, once the settings have reached the sensor."""
    frames(source, 10)
    return [source._camera.capture_metadata(wait=5) for _ in range(count)]


def test_what_is_fixed_stays_fixed(camera: str) -> None:
    """Exposure, gain, white balance and focus are as told in each of two hundred frames."""
    with closing(PicameraSource(camera, FIXED)) as source:
        said = metadata(source, 200)
        has_focus = "LensPosition" in source._camera.camera_controls
    for frame in said:
        assert frame["ExposureTime"] == pytest.approx(2_000, rel=0.03)
        assert frame["AnalogueGain"] == pytest.approx(2.0, rel=0.05)
        assert frame["ColourGains"] == pytest.approx((1.8, 1.6), rel=0.02)
        if has_focus:
            assert frame["LensPosition"] == pytest.approx(4.0, abs=0.05)


def test_frames_keep_the_pace_and_are_fresh(camera: str) -> None:
    """A minute at 15 a second: none missed, evenly spaced, seen within a tenth of a second."""
    with closing(PicameraSource(camera, FIXED)) as source:
        frames(source, 10)
        seen = [(frame, monotonic_ms()) for frame in (frames(source, 1)[0] for _ in range(900))]
    gaps_ms = np.diff([frame.sensed_ms for frame, _ in seen])
    assert np.median(gaps_ms) == pytest.approx(1_000 / 15, abs=1)
    assert seen[-1][0].sequence - seen[0][0].sequence == len(seen) - 1
    ages_ms = [now_ms - frame.sensed_ms for frame, now_ms in seen]
    assert min(ages_ms) >= 0
    assert np.percentile(ages_ms, 95) < 100


def test_a_code_held_at_25_cm_is_read(camera: str) -> None:
    """Hold any packet's barcode 25 cm below the camera within the next half minute."""
    reader = Reader()
    with closing(PicameraSource(camera, FIXED)) as source:
        until(lambda: reader.read(frames(source, 1)[0].luma), "a code in view", within_s=30)


@contextmanager
def eyes(camera: str, folder: Path) -> Iterator[tuple[Supervisor, Inbox]]:
    """The eyes as on a cart, and what the cart hears of them."""
    inbox = Inbox(monotonic_ms)
    link = EyesLink(folder / "eyes.sock", inbox, monotonic_ms)
    argv = ("--source", f"picamera:{camera}", "--socket", str(folder / "eyes.sock"))
    with serving(link.serve, link.stop), Supervisor(folder / "logs") as supervisor:
        program = Program("eyes", (sys.executable, "-m", "cart.eyes", *argv), '"ready"')
        supervisor.start(program)
        supervisor.wait_ready("eyes", DEADLINE_S)
        yield supervisor, inbox


def cpu_s(pid: int) -> float:
    """What a process has used of a processor since it began."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_an_idle_scene_costs_a_tenth_of_a_core(camera: str, tmp_path: Path) -> None:
    """Over a minute in which nothing moves."""
    with eyes(camera, tmp_path) as (supervisor, inbox):
        pid = supervisor.pid("eyes")
        began_s, used_s = time.monotonic(), cpu_s(pid)
        until(lambda: time.monotonic() - began_s > 60 or inbox.take(50), "a minute", within_s=90)
        share = (cpu_s(pid) - used_s) / (time.monotonic() - began_s)
    assert share <= IDLE_SHARE_MAX


def test_no_stall_of_a_day_takes_the_camera_away(camera: str, tmp_path: Path) -> None:
    """Camera stacks stall after ten to twenty hours: each loss is over within ten seconds."""
    lost_ms: int | None = None
    ends_ms = monotonic_ms() + round(HOURS * 3_600_000)
    with eyes(camera, tmp_path) as (_, inbox):
        while monotonic_ms() < ends_ms:
            for observation in inbox.take(1_000):
                if isinstance(observation, SenseLost):
                    lost_ms = observation.t_ms
                elif isinstance(observation, SenseBack):
                    lost_ms = None
            assert lost_ms is None or monotonic_ms() - lost_ms < BACK_MS_MAX
    assert lost_ms is None
