"""`python -m models enrol`, `recognise` and `evaluate`: the recogniser over folders of photos."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from rich.console import Console
from rich.progress import track

from models.errors import ModelError
from models.evaluation import Answers, pictures, table
from models.figures import printable
from models.gallery import Belief, Gallery, probability
from models.grocery import labelled
from models.observer import Observer
from models.pictures import Pixels, folder_for, photo_paths, read_rgb
from models.recogniser import Embedding, Recogniser
from models.words import Lines, PackWords, WordReader

Thing = TypeVar("Thing")


def enrol_command(arguments: argparse.Namespace) -> Iterator[str]:
    """Make a gallery of DIR/<label>/* and save it."""
    if not arguments.out.parent.is_dir():
        # Said now, and not after all photos.
        raise ModelError(f"{arguments.out}: cannot be written (it lies in no folder)")
    recogniser = Recogniser(arguments.weights)
    reader = WordReader() if arguments.text else None
    looks: dict[str, list[Embedding]] = defaultdict(list)
    texts: dict[str, list[Lines]] = defaultdict(list)
    for label, frame in _labelled_frames(arguments.folder):
        looks[label].append(recogniser.look(frame).embedding)
        if reader is not None:
            texts[label].append(reader.read(frame))
    gallery = Gallery.build(looks, recogniser.fingerprint)
    if reader is not None:
        gallery = replace(gallery, words=PackWords.build(texts, gallery.labels))
    if arguments.calibrate:
        held_out = [
            (recogniser.look(frame).embedding, label)
            for label, frame in _labelled_frames(arguments.calibrate)
        ]
        gallery = gallery.calibrated([one for one, _ in held_out], [label for _, label in held_out])
    gallery.save(arguments.out)
    yield f"{len(gallery.labels)} labels enrolled in {arguments.out}"


def recognise_command(arguments: argparse.Namespace) -> Iterator[str]:
    """One line a photo: the five most probable labels, and how probably it is none of them."""
    observer = _observer(arguments)
    line, complaint = (
        (_json_line, _json_complaint) if arguments.jsonl else (_text_line, _text_complaint)
    )
    for path in photo_paths(arguments.folder):
        name = path.relative_to(arguments.folder).as_posix()
        try:
            frame = read_rgb(path)
        except ModelError as trouble:
            yield complaint(name, trouble)
            continue
        began = time.perf_counter()
        belief = observer.believe(frame)
        yield line(name, belief, (time.perf_counter() - began) * 1000)


def evaluate_command(arguments: argparse.Namespace) -> Iterator[str]:
    """The figures of the gallery on one official split, and pictures of them."""
    observer = _observer(arguments)
    rows = labelled(arguments.data)
    coarse = {row["fine_name"]: row["coarse_name"] for row in rows}
    rows = [row for row in rows if row["split"] == arguments.split]
    if not rows:
        raise ModelError(f"{arguments.data}: no photo of the split {arguments.split}")
    folder_for(arguments.out)
    beliefs, times_ms = [], []
    for row in progress(rows):
        frame = read_rgb(arguments.data / "grocery" / row["path"])
        began = time.perf_counter()
        beliefs.append(observer.believe(frame))
        times_ms.append((time.perf_counter() - began) * 1000)
    names = [row["fine_name"] for row in rows]
    answers = Answers(beliefs, names, coarse, observer.gallery.acceptance)
    yield f"split {arguments.split}: {len(rows)} photos of {len(set(names))} classes,"
    yield f"  {len(observer.gallery.labels)} labels in the gallery; intervals are 95 % (Wilson)"
    if arguments.weights is None:
        yield "  the shipped weights learned from these very photos: see models/weights/CARD.md"
    yield from table(answers)
    yield f"mean time     {np.mean(times_ms):.1f} ms a photo, one thread"
    pictures(answers, arguments.out)
    yield f"pictures      in {arguments.out}"


def _observer(arguments: argparse.Namespace) -> Observer:
    observer = Observer(
        arguments.weights, arguments.gallery, WordReader if arguments.text else None
    )
    if arguments.text and observer.gallery.words is None:
        # Loose goods alone have none either: the look answers.
        sys.stderr.write("--text changes nothing: the gallery was made without --text\n")
    return observer


def _labelled_frames(folder: Path) -> Iterator[tuple[str, Pixels]]:
    """Every photo with its label, the name of the folder around it; complaints go to stderr."""
    labels = set()
    for path in progress(photo_paths(folder)):
        if path.parent == folder:
            sys.stderr.write(f"left out: {path.name} lies in no label's folder\n")
            continue
        try:
            yield path.parent.name, read_rgb(path)
            labels.add(path.parent.name)
        except ModelError as trouble:
            sys.stderr.write(f"left out: {trouble}\n")
    if not labels:
        raise ModelError(f"{folder}: holds no photo; expected {folder}/<label>/<photo>")


def progress(things: Sequence[Thing]) -> Iterable[Thing]:
    """The same, with a bar on stderr for a person who waits."""
    console = Console(stderr=True)
    return track(things, "photos", console=console, disable=not console.is_terminal)


def _json_line(name: str, belief: Belief, elapsed_ms: float) -> str:
    top = [[label, round(share, 6)] for label, share in belief.top()]
    # Significant digits: who ranks photos by it must be able to tell small ones apart.
    unknown = float(f"{probability(belief.unknown_millinats):.6g}")
    return json.dumps({"file": name, "top": top, "unknown": unknown, "ms": round(elapsed_ms, 2)})


def _json_complaint(name: str, trouble: ModelError) -> str:
    return json.dumps({"file": name, "top": [], "unknown": None, "ms": None, "error": str(trouble)})


def _text_complaint(name: str, trouble: ModelError) -> str:
    return printable(f"{name}: {trouble}")


def _text_line(name: str, belief: Belief, elapsed_ms: float) -> str:
    shares = ", ".join(f"{label} {100 * share:.0f} %" for label, share in belief.top(3))
    unknown = 100 * probability(belief.unknown_millinats)
    return printable(f"{name}: {shares}; none of them {unknown:.0f} % ({elapsed_ms:.1f} ms)")
