"""`python -m rig enrol`: draws views of every demo product and writes rig/demo/gallery.npz.

To be run again when the drawings, the catalog or the recogniser's weights change; a test loads
the file with the shipped weights and says so.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from cart import arguments
from cart.core.catalog import Catalog
from models.calibration import log_softmax
from models.errors import ModelError
from models.gallery import Gallery
from models.pictures import photo_paths, read_rgb
from models.recogniser import Embedding, Recogniser
from rig.pictures import enrolment_views

DEMO = Path(__file__).parent / "demo"
CATALOG, GALLERY = DEMO / "catalog.json", DEMO / "gallery.npz"
TRAINING_SEED, CALIBRATION_SEED = 7, 8
# Our drawings resemble each other from view to view more than a real day's looks do; calibrated
# on them alone, the gallery would be surer than eyes ever may be.
TEMPERATURE_MIN = 0.02
# A question costs a shopper less than a thing charged that is another.
ABSENT_SHARE = 0.3
# Drawings resemble each other more than photos do: means of their views lie too close together,
# so each vector is turned until it tells its views from all others (logistic regression).
SHARPNESS, STEPS, STEP = 16.0, 400, 0.002


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m rig enrol`."""
    parser.add_argument(
        "--out", type=arguments.new_file, default=GALLERY, help="default: %(default)s"
    )


def run(asked: argparse.Namespace) -> int:
    """Enrol, calibrate on views with other dice, save."""
    try:
        gallery = enrolled()
        gallery.save(asked.out)
    except (ModelError, OSError) as error:
        print(f"python -m rig enrol: {error}", file=sys.stderr)
        return 1
    print(f"{len(gallery.labels)} products enrolled in {asked.out}")
    return 0


def demo_catalog() -> Catalog:
    """The demo store's catalog."""
    return msgspec.json.decode(CATALOG.read_bytes(), type=Catalog)


def enrolled() -> Gallery:
    """A gallery of the demo's products."""
    recogniser = Recogniser()
    looks = _looks(recogniser, TRAINING_SEED)
    gallery = _told_apart(Gallery.build(looks, recogniser.fingerprint), looks)
    pairs = [
        (one, sku) for sku, those in _looks(recogniser, CALIBRATION_SEED).items() for one in those
    ]
    calibrated = gallery.calibrated(
        [one for one, _ in pairs], [sku for _, sku in pairs], absent_share=ABSENT_SHARE
    )
    return replace(calibrated, temperature=max(calibrated.temperature, TEMPERATURE_MIN))


def _told_apart(gallery: Gallery, looks: dict[str, list[Embedding]]) -> Gallery:
    """The gallery with each unit vector turned downhill on the log loss of all views."""
    views = np.concatenate([looks[label] for label in gallery.labels])
    shown = np.repeat(np.eye(len(gallery.labels)), [len(looks[one]) for one in gallery.labels], 0)
    vectors = _unit(gallery.centroids.astype(np.float64))
    for _ in range(STEPS):
        chances = np.exp(log_softmax(SHARPNESS * views @ vectors.T))
        vectors = _unit(vectors - STEP * (chances - shown).T @ views)
    return replace(gallery, centroids=vectors.astype(np.float32), metric=None)


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths: NDArray[np.float64] = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / lengths


def _looks(recogniser: Recogniser, seed: int) -> dict[str, list[Embedding]]:
    looks: dict[str, list[Embedding]] = {}
    with tempfile.TemporaryDirectory(prefix="dashcart-views-") as folder:
        enrolment_views(Path(folder), demo_catalog().products, seed)
        for path in photo_paths(Path(folder)):
            embedding = recogniser.look(read_rgb(path)).embedding
            looks.setdefault(path.parent.name, []).append(embedding)
    return looks
