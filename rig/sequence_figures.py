"""`python -m rig sequences`: what the eyes make of rendered sequences, as one JSON object.

SYNTHETIC figures: they show that the camera path works, and what it costs. They say nothing about
photographs and stand apart from their figures (docs/eyes.md). Times are processor time.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2

from cart import arguments
from cart.contract.senses import CodeRead, EyesMessage, KnownCodes, Sighting
from cart.eyes.episodes import Episodes
from cart.eyes.frames import Pixels
from cart.eyes.pipeline import Pipeline
from models.gallery import Gallery
from models.motion import Box, changed_boxes, direction
from models.reader import Reader
from models.recogniser import Recogniser
from rig.enrol import GALLERY, demo_catalog
from rig.lens import Lens
from rig.scene import Scene
from rig.sequences import Frames, Handling, Shown

SHOWN_SHARE_MIN = 0.7
AREAS_MAX = 3.0
IDLE_FPS = 15
MOVEMENTS_MAX, DAY_S = 100_000, 86_400
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m rig sequences`."""
    parser.add_argument("--seed", type=int, default=1, help="of the hands and goods")
    parser.add_argument(
        "--movements",
        type=arguments.whole(1, MOVEMENTS_MAX),
        default=24,
        help="default: %(default)s",
    )
    parser.add_argument(
        "--idle-s", type=arguments.decimal(0, DAY_S), default=20.0, help="how long to watch nothing"
    )


def run(asked: argparse.Namespace) -> int:
    """Measure and print."""
    cv2.setNumThreads(1)
    figures: dict[str, object] = {"synthetic": True, "seed": asked.seed}
    figures |= handled(asked.seed, asked.movements)
    if asked.idle_s > 0:
        figures["idle_core_percent"] = round(idle_core_percent(asked.idle_s), 1)
        figures["idle_fps"] = IDLE_FPS
    print(json.dumps(figures))
    return 0


def handled(seed: int, movements: int) -> dict[str, object]:
    """Regions, directions, codes and looks over so many movements of hands."""
    catalog = demo_catalog().products
    frames, dice = Frames(catalog, seed), random.Random(seed)
    recogniser = Recogniser()
    eyes = Pipeline(Reader(), Episodes(recogniser, Gallery.load(GALLERY, recogniser.fingerprint)))
    eyes.told(KnownCodes(tuple(gtin for product in catalog for gtin in product.gtins)))
    count: Counter[str] = Counter()
    (*_, (shown, _)) = _seen(eyes, frames.rest(), count)
    before = shown.frame.luma
    for _ in range(movements):
        taking = frames.goods > 1 and dice.random() < 0.35
        movement = frames.take() if taking else frames.put(1 if dice.random() < 0.6 else 2)
        seen = list(_seen(eyes, movement, count))
        said = [message for _, heard in seen for message in heard]
        shown = seen[-1][0]
        assert shown.done is not None
        _count_regions(count, before, shown, shown.done)
        _count_words(count, said, shown.done)
        before = shown.frame.luma
    count["cpu_ms_a_frame"] = round(count.pop("cpu_us") / 1_000 / count["frames"])
    return dict(sorted(count.items()))


def _seen(
    eyes: Pipeline, movement: Iterable[Shown], count: Counter[str]
) -> Iterator[tuple[Shown, list[EyesMessage]]]:
    for shown in movement:
        began_ns = time.process_time_ns()
        heard = list(eyes.see(shown.frame))
        count["cpu_us"] += (time.process_time_ns() - began_ns) // 1_000
        count["frames"] += 1
        yield shown, heard


def _count_regions(count: Counter[str], before: Pixels, shown: Shown, done: Handling) -> None:
    after = shown.frame.luma
    boxes = changed_boxes(before, after)
    count["movements"] += 1
    count["things"] += len(done.boxes)
    count["things_found"] += sum(any(_finds(box, true) for box in boxes) for true in done.boxes)
    for box in boxes:
        way = direction(before, after, box)
        right = "unclear" if way == "unclear" else "right" if way == done.direction else "wrong"
        count[f"directions_{right}"] += 1


def _count_words(count: Counter[str], said: list[EyesMessage], done: Handling) -> None:
    codes = {one.text for one in said if isinstance(one, CodeRead)}
    count["codes_shown"] += len(done.codes)
    count["codes_read"] += len(codes & done.codes)
    count["codes_wrong"] += len(codes - done.codes)
    for look in (one for one in said if isinstance(one, Sighting)):
        best = look.candidates[0]
        known = best.score_millinats > look.unknown_millinats
        right = best.sku in done.skus
        count[
            "looks_right" if known and right else "looks_wrong" if known else "looks_unknown"
        ] += 1


def _finds(box: Box, true: Box) -> bool:
    """Whether a region shows a thing: most of it, and at most one neighbour beside it."""
    across = min(box.right, true.right) - max(box.left, true.left)
    down = min(box.bottom, true.bottom) - max(box.top, true.top)
    shown = max(0, across) * max(0, down) / true.area
    return shown >= SHOWN_SHARE_MIN and box.area <= AREAS_MAX * true.area


def idle_core_percent(period_s: float) -> float:
    """Processor time of the real camera process at 1280x720 and 15 fps over a still basket."""
    with tempfile.TemporaryDirectory(prefix="dashcart-") as folder, contextlib.ExitStack() as stack:
        lens = Lens(Path(folder) / "lens.sock", Scene(1), still_fps=IDLE_FPS)
        stack.callback(lens.close)
        argv = [sys.executable, "-m", "cart.eyes", "--source", f"lens:{folder}/lens.sock",
                "--socket", f"{folder}/eyes.sock", "--gallery", str(GALLERY)]  # fmt: skip
        eyes = stack.enter_context(subprocess.Popen(argv, stdout=subprocess.PIPE))
        stack.callback(eyes.kill)
        assert eyes.stdout is not None
        eyes.stdout.readline()
        time.sleep(3.0)  # its first looks at the basket are not idle
        began_s, began_ticks = time.monotonic(), _ticks(eyes.pid)
        time.sleep(period_s)  # what is measured is what it costs when nothing happens
        used_s = (_ticks(eyes.pid) - began_ticks) / TICKS_PER_S
        return 100 * used_s / (time.monotonic() - began_s)


def _ticks(pid: int) -> int:
    """User and system time of a process (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
