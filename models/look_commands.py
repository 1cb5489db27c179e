"""`python -m models enrol`, `recognise` and `evaluate`: the recogniser over folders of photos."""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.errors import ModelError
from models.figures import calibration_error, share_text
from models.gallery import Belief, Gallery, probability
from models.pictures import photo_paths, read_rgb
from models.recogniser import Embedding, Recogniser
from models.weights_files import GALLERY_NAME, WEIGHTS_DIR, verified


def enrol_command(arguments: argparse.Namespace) -> Iterator[str]:
    """Make a gallery of DIR/<label>/* and save it."""
    recogniser = Recogniser()
    gallery = Gallery.build(_embeddings(recogniser, arguments.folder), recogniser.fingerprint)
    if arguments.calibrate:
        held_out = _embeddings(recogniser, arguments.calibrate)
        pairs = [(one, label) for label, looks in held_out.items() for one in looks]
        gallery = gallery.calibrated([one for one, _ in pairs], [label for _, label in pairs])
    gallery.save(arguments.out)
    yield f"{len(gallery.labels)} labels enrolled in {arguments.out}"


def recognise_command(arguments: argparse.Namespace) -> Iterator[str]:
    """One line a photo: the five most probable labels, and how probably it is none of them."""
    recogniser = Recogniser()
    gallery = _gallery(recogniser, arguments.gallery)
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
        belief = gallery.believe(recogniser.look(frame).embedding)
        yield line(name, belief, (time.perf_counter() - began) * 1000)


def evaluate_command(arguments: argparse.Namespace) -> Iterator[str]:
    """Top-1, top-5, coarse top-1 and calibration of the gallery on one official split."""
    recogniser = Recogniser()
    gallery = _gallery(recogniser, arguments.gallery)
    rows = _labelled(arguments.data / "grocery")
    coarse = {row["fine_name"]: row["coarse_name"] for row in rows}
    rows = [row for row in rows if row["split"] == arguments.split]
    names, tops, times_ms = [row["fine_name"] for row in rows], [], []
    for row in rows:
        frame = read_rgb(arguments.data / "grocery" / row["path"])
        began = time.perf_counter()
        tops.append(gallery.believe(recogniser.look(frame).embedding).top())
        times_ms.append((time.perf_counter() - began) * 1000)
    pairs = list(zip(tops, names, strict=True))
    hits = np.array([top[0][0] == name for top, name in pairs])
    among_five = sum(name in dict(top) for top, name in pairs)
    coarse_hits = sum(coarse.get(top[0][0]) == coarse[name] for top, name in pairs)
    error = calibration_error(np.array([top[0][1] for top in tops]), hits)
    yield f"split {arguments.split}: {len(rows)} photos of {len(set(names))} classes,"
    yield f"  {len(gallery.labels)} labels in the gallery; intervals are 95 % (Wilson)"
    yield f"fine top-1    {share_text(int(hits.sum()), len(rows))}"
    yield f"fine top-5    {share_text(among_five, len(rows))}"
    yield f"coarse top-1  {share_text(coarse_hits, len(rows))}"
    yield f"calibration   expected error {error:.3f} (15 bins)"
    yield f"mean time     {np.mean(times_ms):.1f} ms a photo, one thread"


def _embeddings(recogniser: Recogniser, folder: Path) -> dict[str, list[Embedding]]:
    """The embeddings of each label's photos; the label is the name of the folder around them."""
    looks: dict[str, list[Embedding]] = defaultdict(list)
    for path in photo_paths(folder):
        if path.parent == folder:
            sys.stderr.write(f"left out: {path.name} lies in no label's folder\n")
            continue
        try:
            looks[path.parent.name].append(recogniser.look(read_rgb(path)).embedding)
        except ModelError as trouble:
            sys.stderr.write(f"left out: {trouble}\n")
    if not looks:
        raise ModelError(f"{folder}: holds no photo; expected {folder}/<label>/<photo>")
    return dict(looks)


def _gallery(recogniser: Recogniser, path: Path | None) -> Gallery:
    shipped = WEIGHTS_DIR / GALLERY_NAME
    if path is None:
        verified(shipped)
    return Gallery.load(path or shipped, recogniser.fingerprint)


def _labelled(folder: Path) -> list[dict[str, str]]:
    labels = folder / "labels.csv"
    if not labels.is_file():
        raise ModelError(f"{labels} is absent; give the data's folder with --data")
    with labels.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _json_line(name: str, belief: Belief, elapsed_ms: float) -> str:
    top = [[label, round(share, 6)] for label, share in belief.top()]
    unknown = round(probability(belief.unknown_millinats), 6)
    return json.dumps({"file": name, "top": top, "unknown": unknown, "ms": round(elapsed_ms, 2)})


def _json_complaint(name: str, trouble: ModelError) -> str:
    return json.dumps({"file": name, "top": [], "unknown": None, "ms": None, "error": str(trouble)})


def _text_complaint(name: str, trouble: ModelError) -> str:
    return f"{name}: {trouble}"


def _text_line(name: str, belief: Belief, elapsed_ms: float) -> str:
    shares = ", ".join(f"{label} {100 * share:.0f} %" for label, share in belief.top(3))
    unknown = 100 * probability(belief.unknown_millinats)
    return f"{name}: {shares}; none of them {unknown:.0f} % ({elapsed_ms:.1f} ms)"
