"""Clips: nothing is written unless asked for, what is written keeps no detail but the item's."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageSequence

from cart.contract.clips import DAY_MS, DAYS_KEPT
from cart.eyes.clips import BYTES_MAX, RING_FRAMES, WIDTH, ClipKeeper
from cart.eyes.frames import Pixels
from cart.eyes.privacy import BLOCKS_ACROSS, veiled
from models.motion import Box
from rig.enrol import GALLERY
from tests.data import ROOT

FRAME_MS = 100
ITEM = Box(240, 120, 400, 240)
NOISE = np.random.default_rng(1)
BASKET = NOISE.integers(60, 200, (360, 640), np.uint8)


def with_item(luma: Pixels) -> Pixels:
    """Something lies there, with fine detail of its own."""
    changed = luma.copy()
    changed[ITEM.top : ITEM.bottom, ITEM.left : ITEM.right] = (
        np.indices((120, 160)).sum(0) % 2 * 255
    )
    return changed


class Day:
    """The time of day, moved by hand."""

    def __init__(self) -> None:
        self.now_ms = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now_ms


def keeper(folder: Path, day: Day) -> ClipKeeper:
    """Of a disk that takes everything."""
    return ClipKeeper(folder, day, pytest.fail)


def play(clips: ClipKeeper, began_ms: int = 0) -> int:
    """Four seconds of an empty basket and four with the item; when it landed."""
    for number in range(80):
        luma = BASKET if number < 40 else with_item(BASKET)
        noisy = np.clip(luma.astype(np.int16) + NOISE.integers(-2, 3, luma.shape), 0, 255)
        clips.add(noisy.astype(np.uint8), began_ms + number * FRAME_MS, is_still=number != 40)
    return began_ms + 4_000


def pictures(path: Path) -> list[Pixels]:
    """The frames of a clip as luma."""
    with Image.open(path) as clip:
        return [np.asarray(one.convert("L")) for one in ImageSequence.Iterator(clip)]


def lasts_ms(path: Path) -> int:
    """How long a clip plays; frames that are the same are kept once and shown for longer."""
    period_ms = 0
    with Image.open(path) as clip:
        for one in ImageSequence.Iterator(clip):
            one.load()
            period_ms += int(one.info["duration"])
    return period_ms


def test_nobody_asks_and_nothing_is_written(tmp_path: Path) -> None:
    """Minutes of frames, and requests for a reason that has no retention: no file, not for a
    moment, neither here nor where temporary files go."""
    day, temporary = Day(), Path("/tmp")
    before = set(temporary.iterdir())
    clips = keeper(tmp_path / "clips", day)
    for minute in range(8):
        clips.keep("curiosity", play(clips, minute * 8_000))
        assert list((tmp_path / "clips").iterdir()) == []
    assert not [
        path for path in set(temporary.iterdir()) - before if path.suffix in {".webp", ".part"}
    ]


def test_a_clip_is_written_once_when_asked_for(tmp_path: Path) -> None:
    """One file of the seconds around the moment, for its owner's eyes only."""
    folder = tmp_path / "clips"
    clips = keeper(folder, Day())
    clips.keep("unexplained_load", play(clips))
    play(clips, 8_000)
    (clip,) = folder.iterdir()
    assert stat.S_IMODE(clip.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert lasts_ms(clip) in range(2_900, 4_101)


def test_the_ring_is_bounded(tmp_path: Path) -> None:
    """However large and fast the frames are, it holds 14 MB at most."""
    clips = keeper(tmp_path, Day())
    for number in range(400):
        clips.add(np.zeros((720, 1280), np.uint8), number * 60, is_still=True)
    held_bytes = sum(one.luma.nbytes for one in clips._ring)
    assert held_bytes <= RING_FRAMES * WIDTH * 360 < 14_000_000


def test_nothing_but_the_item_keeps_its_detail() -> None:
    """Outside the item each block of the picture is one level: two pictures of the same block
    means, as two faces may have, become the same picture."""
    swapped = BASKET.reshape(9, 40, 16, 40)[:, ::-1, :, ::-1].reshape(360, 640)
    one, other = veiled(BASKET, [ITEM]), veiled(swapped, [ITEM])
    outside = np.ones(BASKET.shape, bool)
    outside[ITEM.top : ITEM.bottom, ITEM.left : ITEM.right] = False
    assert np.array_equal(one[outside], other[outside])
    assert np.array_equal(one[~outside], BASKET[~outside])
    assert len(np.unique(veiled(BASKET, []))) <= BLOCKS_ACROSS * 9


def test_the_rim_is_veiled_even_where_an_item_lies() -> None:
    """Hands come in there; a region of half the picture is no item at all."""
    at_rim = Box(0, 0, 160, 160)
    seen = veiled(BASKET, [at_rim])
    assert len(np.unique(seen[:36])) <= BLOCKS_ACROSS
    assert np.array_equal(seen[36:160, 64:160], BASKET[36:160, 64:160])
    assert len(np.unique(veiled(BASKET, [Box(0, 0, 640, 200)]))) <= BLOCKS_ACROSS * 9


def test_a_clip_shows_the_item_and_nothing_else(tmp_path: Path) -> None:
    """In the file itself: the item's pattern is sharp, all around it is flat."""
    clips = keeper(tmp_path, Day())
    clips.keep("unexplained_load", play(clips))
    play(clips, 8_000)
    (clip,) = tmp_path.iterdir()
    last = pictures(clip)[-1].astype(np.int16)
    assert np.abs(np.diff(last[130:230, 250:390], axis=1)).mean() > 100
    block = last[200:240, 560:600]
    assert float(block.std()) < 3
    assert float(BASKET[200:240, 560:600].std()) > 30


def test_clips_are_forgotten_by_age_and_by_room(tmp_path: Path) -> None:
    """Each reason has its own days and bytes; the newest stay. Others' files are let be."""
    day = Day()
    for age_days in range(10):
        for reason in DAYS_KEPT:
            (tmp_path / f"{reason}-{day.now_ms - age_days * DAY_MS:013}.webp").write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / ".part-doubted_line.webp").write_bytes(b"torn")
    keeper(tmp_path, day)
    left = [path.name for path in tmp_path.iterdir()]
    for reason, days in DAYS_KEPT.items():
        assert sum(name.startswith(reason) for name in left) == days
    assert "notes.txt" in left
    assert not [name for name in left if name.startswith(".part")]
    big = tmp_path / f"doubted_line-{day.now_ms + 1:013}.webp"
    with big.open("wb") as file:
        file.truncate(BYTES_MAX)
    clips = keeper(tmp_path, day)
    assert [path.name for path in tmp_path.glob("doubted_line-*")] == [big.name]
    day.now_ms += 40 * DAY_MS
    clips.add(BASKET, 0, is_still=True)
    assert not list(tmp_path.glob("*.webp"))


def test_a_clip_is_gone_at_its_time(tmp_path: Path) -> None:
    """Not an hour later: each goes with the first frame at which its days are over, also one that
    was made while the eyes ran."""
    day = Day()
    older = tmp_path / f"unexplained_load-{day.now_ms - DAY_MS:013}.webp"
    older.write_bytes(b"x")
    clips = keeper(tmp_path, day)
    day.now_ms += 59 * 60_000
    clips.keep("doubted_line", play(clips))
    play(clips, 8_000)
    (newer,) = tmp_path.glob("doubted_line-*")
    for left_ms, left in ((2 * DAY_MS - 59 * 60_000, [newer]), (DAY_MS + 59 * 60_000, [])):
        day.now_ms += left_ms - 1
        clips.add(BASKET, 16_000, is_still=True)
        assert len(list(tmp_path.iterdir())) == len(left) + 1
        day.now_ms += 1
        clips.add(BASKET, 16_000, is_still=True)
        assert list(tmp_path.iterdir()) == left


def test_a_full_disk_costs_the_clip_and_is_said(tmp_path: Path) -> None:
    """The eyes go on; nothing half-written stays."""
    complaints: list[str] = []
    clips = ClipKeeper(tmp_path / "clips", Day(), complaints.append)
    landed_ms = play(clips)
    (tmp_path / "clips").rmdir()
    clips.keep("doubted_line", landed_ms)
    play(clips, 8_000)
    (complaint,) = complaints
    assert "doubted_line" in complaint


def test_the_command_without_clips_writes_nothing(tmp_path: Path) -> None:
    """A whole run of the camera process, recogniser and all, leaves its home as it was: no picture,
    and no note of a library to its maker either."""
    video, home = tmp_path / "a.avi", tmp_path / "home"
    home.mkdir()
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (640, 360), False)
    for luma in [BASKET, with_item(BASKET)] * 10:
        writer.write(luma)
    writer.release()
    done = subprocess.run(
        [sys.executable, "-m", "cart.eyes", "--source", f"video:{video}", "--socket",
         str(home / "eyes.sock"), "--gallery", str(GALLERY)],
        capture_output=True, check=False, timeout=60, cwd=home,
        env={"TMPDIR": str(home), "HOME": str(home), "PATH": "", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert b"ready" in done.stdout
    assert list(home.iterdir()) == []
