"""Reading barcodes, beside zxing-cpp, pyzbar and OpenCV on the same photos in the same run.

Processor time of one thread; whether a read is right is decided by the labels alone. Peers that are
not installed have a row that says so. It must never tune anything.
"""

from __future__ import annotations

import csv
import importlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from models.figures import wilson
from models.pictures import read_luma
from models.reader import Reader
from models.symbols import FORMATS, named

Luma = NDArray[np.uint8]
Texts = list[str]
Engine = Callable[[Luma], Texts]

BLURRED = frozenset({"ean13-5", "upca-6"})
RETAIL = frozenset({"EAN-13", "EAN-8", "UPC-A", "UPC-E", "EAN/UPC+addon"})
ANGLES = (0, 15, 30, 45, 60, 75, 90, 135, 180, 270)
RETAIL_TYPES = (
    "EAN13",
    "EAN8",
    "UPCA",
    "UPCE",
    "I25",
    "CODE128",
    "DATABAR",
    "DATABAR_EXP",
    "QRCODE",
)


@dataclass(frozen=True)
class Photo:
    """A labelled photo; `text` is None where nothing may be read."""

    luma: Luma
    text: str | None
    folder: str
    symbology: str


@dataclass
class Score:
    """What an engine made of the photos."""

    right: int = 0
    wrong: int = 0
    read_on_negatives: int = 0
    blurred_right: int = 0
    times_ms: list[float] = field(default_factory=list)
    empty_times_ms: list[float] = field(default_factory=list)


def show(folder: Path, console: Console, *, angles: bool) -> None:
    """Measure every engine on every photo, about a minute (with angles ten)."""
    if not (folder / "labels.csv").is_file():
        console.print(f"no barcodes: {folder} has no labels.csv")
        return
    cv2.setNumThreads(1)
    photos = list(_photos(folder))
    console.print(compared(photos))
    if angles:
        console.print(turned_table(photos))


def compared(photos: list[Photo]) -> Table:
    """One row an engine."""
    shown = Table(title=f"barcodes: {len(photos)} photos, one thread, processor time")
    positives = sum(photo.text is not None for photo in photos)
    for heading in ("engine", f"right of {positives}", "95 %", "wrong"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for heading in ("on negatives", "blurred", "mean ms", "ms if empty"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for name, make in ENGINES.items():
        try:
            engine = make()
        except ImportError:
            shown.add_row(name, "not installed")
            continue
        score = scored(engine, photos)
        low, high = wilson(score.right, positives)
        shown.add_row(
            name,
            str(score.right),
            f"{100 * low:.1f}-{100 * high:.1f} %",
            str(score.wrong),
            str(score.read_on_negatives),
            str(score.blurred_right),
            f"{np.mean(score.times_ms):.1f}",
            f"{np.mean(score.empty_times_ms):.1f}",
        )
    return shown


def turned_table(photos: list[Photo]) -> Table:
    """Right and wrong reads of the retail codes at each angle, ours beside zxing-cpp."""
    retail = [photo for photo in photos if photo.symbology in RETAIL]
    shown = Table(title=f"{len(retail)} retail codes turned: right / wrong")
    for heading in ("degrees", "ours", "zxing-cpp"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for angle in ANGLES:
        seen = [
            Photo(turned(one.luma, angle), one.text, one.folder, one.symbology) for one in retail
        ]
        scores = [scored(ENGINES[name](), seen) for name in ("ours", "zxing-cpp")]
        shown.add_row(str(angle), *(f"{score.right} / {score.wrong}" for score in scores))
    return shown


def turned(luma: Luma, angle: float) -> Luma:
    """The whole picture turned, the corners filled with its median grey."""
    if angle == 0:
        return luma
    height, width = luma.shape
    side = int(np.hypot(height, width))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    turn[:, 2] += ((side - width) / 2, (side - height) / 2)
    fill = float(np.median(luma))
    return np.asarray(cv2.warpAffine(luma, turn, (side, side), borderValue=fill), np.uint8)


def scored(engine: Engine, photos: list[Photo]) -> Score:
    """Run an engine over the photos, after one that does not count."""
    score = Score()
    engine(photos[0].luma)
    for photo in photos:
        began = time.thread_time()
        texts = engine(photo.luma)
        elapsed_ms = (time.thread_time() - began) * 1000
        score.times_ms.append(elapsed_ms)
        if photo.text is None:
            score.read_on_negatives += bool(texts)
            score.empty_times_ms.append(elapsed_ms)
            continue
        right = bool(texts) and texts[0] == photo.text
        score.right += right
        score.wrong += bool(texts) and not right
        score.blurred_right += right and photo.folder in BLURRED
    return score


def _photos(folder: Path) -> Iterator[Photo]:
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            text = json.loads(row["expected_text_json"] or "null")
            luma = read_luma(folder / row["path"])
            yield Photo(luma, text, row["folder"], row["symbology"])


def _ours() -> Engine:
    reader = Reader()
    return lambda luma: [read.text for read in reader.read(luma)]


def _zxing() -> Engine:
    def read(luma: Luma) -> Texts:
        barcodes = zxingcpp.read_barcodes(luma, formats=FORMATS)
        said = (named(barcode) for barcode in barcodes if barcode.valid)
        return [text for _, text, _ in filter(None, said)]

    return read


def _zbar() -> Engine:
    zbar: ModuleType = importlib.import_module("pyzbar.pyzbar")
    kinds = [zbar.ZBarSymbol[name] for name in RETAIL_TYPES]

    def read(luma: Luma) -> Texts:
        found = zbar.decode((luma.tobytes(), luma.shape[1], luma.shape[0]), symbols=kinds)
        return [_as_printed(one.data.decode("utf-8", "replace"), one.type) for one in found]

    return read


def _as_printed(text: str, kind: str) -> str:
    """zbar calls a UPC-A an EAN-13 with a leading zero."""
    return text[1:] if kind == "EAN13" and text.startswith("0") else text


def _opencv() -> Engine:
    bars, matrix = cv2.barcode.BarcodeDetector(), cv2.QRCodeDetector()

    def read(luma: Luma) -> Texts:
        texts = bars.detectAndDecodeMulti(luma)[1]
        found = [_as_printed(text, "EAN13" if len(text) == 13 else "") for text in texts if text]
        try:
            text = matrix.detectAndDecode(luma)[0]
        except (UnicodeDecodeError, cv2.error):
            return found
        return found + ([text] if text else [])

    return read


ENGINES: dict[str, Callable[[], Engine]] = {
    "ours": _ours,
    "zxing-cpp": _zxing,
    "pyzbar": _zbar,
    "OpenCV": _opencv,
}
