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

from cart.core.catalog import Catalog
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m rig enrol`."""
    parser.add_argument("--out", type=Path, default=GALLERY, help="default: %(default)s")


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
    gallery = Gallery.build(looks, recogniser.fingerprint)
    pairs = [
        (one, sku) for sku, those in _looks(recogniser, CALIBRATION_SEED).items() for one in those
    ]
    calibrated = gallery.calibrated([one for one, _ in pairs], [sku for _, sku in pairs])
    return replace(calibrated, temperature=max(calibrated.temperature, TEMPERATURE_MIN))


def _looks(recogniser: Recogniser, seed: int) -> dict[str, list[Embedding]]:
    looks: dict[str, list[Embedding]] = {}
    with tempfile.TemporaryDirectory(prefix="dashcart-views-") as folder:
        enrolment_views(Path(folder), demo_catalog().products, seed)
        for path in photo_paths(Path(folder)):
            embedding = recogniser.look(read_rgb(path)).embedding
            looks.setdefault(path.parent.name, []).append(embedding)
    return looks
