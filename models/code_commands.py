"""`python -m models read` and `score`: the barcode reader over a folder of pictures.

Pictures are decoded and read in a process of its own: one that crashes a decoder costs only its
own line.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2

from models.alone import Alone
from models.barcodes.calibration import cross_validated, trial
from models.errors import ModelError
from models.figures import printable, share_text
from models.pictures import photo_paths, read_luma
from models.reader import Reader
from models.symbols import Read, has_valid_check_digit

Row = dict[str, Any]
PICTURE_S_MAX = 30.0
"""No honest picture takes a hundredth of it, even on a small computer."""
_GTIN = re.compile(r"[0-9]{8,14}")


def read_command(arguments: argparse.Namespace) -> Iterator[str]:
    """One line a picture: JSON for programs, a table for people."""
    if not arguments.jsonl:
        yield f"{'format':<12} {'gtin':<14} {'ms':>7}  file: text"
    for row in read_rows(arguments.folder, arguments.catalog, arguments.budget_ms):
        yield json.dumps(row) if arguments.jsonl else _line(row)


def score_command(arguments: argparse.Namespace) -> Iterator[str]:
    """Compare the first read of every labelled picture with its label and give the figures."""
    labels = _labels(arguments.labels, arguments.folder)
    if arguments.cross_validate:
        yield json.dumps(_cross_validated(arguments.folder, labels), indent=1)
        return
    figures = _scored(arguments.folder, labels)
    if arguments.json:
        yield json.dumps(figures)
        return
    yield f"right on positives    {share_text(figures['right'], figures['positives'])}"
    yield f"wrong on positives    {figures['wrong']}"
    yield f"reads on negatives    {figures['negative_reads']} of {figures['negatives']}"
    yield f"mean time, one thread {figures['mean_ms']} ms a picture"
    for name in figures["mistakes"]:
        yield f"misread               {name}"


def read_catalog(path: Path) -> frozenset[str]:
    """The GTINs of a text file, one of 8 to 14 digits a line; `ValueError` names a bad line."""
    gtins = set()
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        digits = line.strip()
        if digits and not _GTIN.fullmatch(digits):
            raise ValueError(f"{path}, line {number}: expected a GTIN of 8 to 14 digits")
        if digits and not has_valid_check_digit(digits):
            raise ValueError(f"{path}, line {number}: the check digit of {digits} is wrong")
        if digits:
            gtins.add(digits.zfill(14))
    return frozenset(gtins)


def read_rows(
    folder: Path, known: frozenset[str] = frozenset(), budget_ms: float | None = None
) -> Iterator[Row]:
    """What the reader says of every picture below `folder`, in the form of `read --jsonl`."""
    with Alone(_reading, known, budget_ms) as worker:
        for path in photo_paths(folder):
            row: Row = {"file": path.relative_to(folder).as_posix()}
            row |= {"text": None, "format": None, "gtin": None, "confidence": None, "stage": None}
            row |= {"others": [], "ms": None}
            try:
                said, elapsed_ms = worker.ask(path, PICTURE_S_MAX)
            except ModelError as trouble:
                yield row | {"error": str(trouble)}
                continue
            others = [{key: one[key] for key in ("text", "format", "gtin")} for one in said[1:]]
            yield row | (said[0] if said else {}) | {"others": others, "ms": elapsed_ms}


def _reading(
    known: frozenset[str], budget_ms: float | None
) -> Callable[[Path], tuple[list[Row], float]]:
    """In the worker: what is asked of it."""
    cv2.setNumThreads(1)
    reader = Reader(known)

    def read(path: Path) -> tuple[list[Row], float]:
        luma = read_luma(path)
        began = time.perf_counter()
        reads = reader.read(luma, budget_ms)
        elapsed_ms = round((time.perf_counter() - began) * 1000, 2)
        return [_said(one) for one in reads], elapsed_ms

    return read


def _said(read: Read) -> Row:
    confidence = round(math.exp(read.millinats / 1000), 4)
    said = {"text": read.text, "format": read.format, "gtin": read.gtin}
    return said | {"confidence": confidence, "stage": read.stage}


def _labels(path: Path, folder: Path) -> dict[str, str | None]:
    """The expected text of each labelled picture in `folder`; None where nothing may be read."""
    root, labels = folder.resolve(), {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                picture = (path.parent / row["path"]).resolve()
                if picture.is_relative_to(root):
                    expected = json.loads(row["expected_text_json"] or "null")
                    labels[picture.relative_to(root).as_posix()] = expected
    except (KeyError, ValueError) as trouble:
        wanted = "a CSV with the columns path and expected_text_json (a JSON string or empty)"
        raise ModelError(f"{path}: cannot be used as labels; expected {wanted}") from trouble
    return labels


def _scored(folder: Path, labels: dict[str, str | None]) -> Row:
    rows = [row for row in read_rows(folder) if row["file"] in labels]
    positives = [row for row in rows if labels[row["file"]] is not None]
    read = [row for row in positives if row["text"] is not None]
    mistakes = [row["file"] for row in read if row["text"] != labels[row["file"]]]
    negatives = [row for row in rows if labels[row["file"]] is None]
    return {
        "positives": len(positives),
        "right": len(read) - len(mistakes),
        "wrong": len(mistakes),
        "negatives": len(negatives),
        "negative_reads": sum(row["text"] is not None for row in negatives),
        "mean_ms": round(sum(row["ms"] or 0 for row in rows) / max(len(rows), 1), 2),
        "mistakes": mistakes,
    }


def _cross_validated(folder: Path, labels: dict[str, str | None]) -> Row:
    """The likelihood's threshold, each folder judged by the choice of the others."""
    reader, trials = Reader(), []
    for path in photo_paths(folder):
        name = path.relative_to(folder).as_posix()
        if name in labels:
            code = labels[name]
            tried = trial(
                str(path.parent),
                reader.look(read_luma(path)).decoded,
                None if code is None else code.zfill(13),
            )
            trials += [tried] if tried is not None else []
    return cross_validated(trials)


def _line(row: Row) -> str:
    if "error" in row:
        return printable(f"{'unreadable':<35}  {row['file']}: {row['error']}")
    line = f"{row['format'] or '-':<12} {row['gtin'] or '-':<14} {row['ms']:7.1f}  {row['file']}"
    texts = [row["text"], *(other["text"] for other in row["others"])]
    return printable(": ".join([line, " | ".join(texts)]) if row["text"] is not None else line)
