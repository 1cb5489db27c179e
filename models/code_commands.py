"""`python -m models read` and `score`: the barcode reader over a folder of pictures."""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models.errors import ModelError
from models.figures import share_text
from models.pictures import photo_paths, read_luma
from models.reader import Reader

Row = dict[str, Any]


def read_command(arguments: argparse.Namespace) -> Iterator[str]:
    """One line a picture: JSON for programs, a table for people."""
    if not arguments.jsonl:
        yield f"{'format':<12} {'gtin':<14} {'ms':>7}  file: text"
    for row in read_rows(arguments.folder):
        yield json.dumps(row) if arguments.jsonl else _line(row)


def score_command(arguments: argparse.Namespace) -> Iterator[str]:
    """Compare the first read of every labelled picture with its label and give the figures."""
    figures = _scored(arguments.folder, _labels(arguments.labels, arguments.folder))
    if arguments.json:
        yield json.dumps(figures)
        return
    yield f"right on positives    {share_text(figures['right'], figures['positives'])}"
    yield f"wrong on positives    {figures['wrong']}"
    yield f"reads on negatives    {figures['negative_reads']} of {figures['negatives']}"
    yield f"mean time, one thread {figures['mean_ms']} ms a picture"
    for name in figures["mistakes"]:
        yield f"misread               {name}"


def read_rows(folder: Path) -> Iterator[Row]:
    """What the reader says of every picture below `folder`, in the form of `read --jsonl`."""
    reader = Reader()
    for path in photo_paths(folder):
        row: Row = {"file": path.relative_to(folder).as_posix()}
        row |= {"text": None, "format": None, "gtin": None, "others": [], "ms": None}
        try:
            luma = read_luma(path)
        except ModelError as trouble:
            yield row | {"error": str(trouble)}
            continue
        began = time.perf_counter()
        reads = reader.read(luma)
        row["ms"] = round((time.perf_counter() - began) * 1000, 2)
        said = [{"text": one.text, "format": one.format, "gtin": one.gtin} for one in reads]
        yield row | (said[0] if said else {}) | {"others": said[1:]}


def _labels(path: Path, folder: Path) -> dict[str, str | None]:
    """The expected text of each labelled picture in `folder`; None where nothing may be read."""
    root, labels = folder.resolve(), {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
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


def _line(row: Row) -> str:
    if "error" in row:
        return _printable(f"{'unreadable':<35}  {row['file']}: {row['error']}")
    line = f"{row['format'] or '-':<12} {row['gtin'] or '-':<14} {row['ms']:7.1f}  {row['file']}"
    texts = [row["text"], *(other["text"] for other in row["others"])]
    return _printable(": ".join([line, " | ".join(texts)]) if row["text"] is not None else line)


def _printable(text: str) -> str:
    """The text without anything that could move a terminal's cursor."""
    return "".join(one if one.isprintable() else "\N{MIDDLE DOT}" for one in text)
