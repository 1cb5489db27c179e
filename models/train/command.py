"""`python -m models train`: from photos to weights a cart can use, in one command.

`--data` trains on the official train split, calibrates on val and reports; with `--final` it learns
from val too, which only a recipe may that is already chosen. `--list` trains on exactly the listed
photos. All start from generic weights, go on where they were interrupted, and end in `look.onnx`,
`look.npz` and their manifest. It must never look at another split.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.evaluation import Answers, pictures, table
from models.gallery import UNKNOWN_SMOOTHING, Gallery
from models.grocery import labelled
from models.pictures import folder_for, read_rgb
from models.recogniser import Embedding, Recogniser
from models.train.export import write_float, write_int8
from models.train.fit import GENERIC_SIDE, Classifier, Material
from models.train.network import generic_network
from models.train.photos import Photo, decoded, grocery, listed
from models.train.recipe import FEW_LABELS, RECIPES, chosen, few_gallery
from models.train.soup import averaged_runs
from models.train.timing import times_ms
from models.weights_files import EMBEDDING_NAME, GALLERY_NAME, seal
from models.words import Lines, PackWords, WordReader, pieces

FLOAT_NAME = "float32.onnx"
WORDS_PHOTOS = 24
WORDLESS_PHOTOS = 3
"""A label whose first three photos show no words is loose goods: the others are not read."""


def train_command(arguments: argparse.Namespace) -> Iterator[str]:
    """Train, export, calibrate, seal and report."""
    # What may fail fails now, and not after an hour.
    out = folder_for(arguments.out)
    cache = folder_for(arguments.cache or out / "cache")
    reader = WordReader() if arguments.text else None
    splits = {"train", "val"} if arguments.final else {"train"}
    photos = listed(arguments.list) if arguments.list else grocery(arguments.data, splits)
    labels = sorted({photo.label for photo in photos})
    if arguments.data and not arguments.final and not grocery(arguments.data, {"val"}):
        raise ModelError(f"{arguments.data}: no photo of the split val, which judges")
    if len(labels) < 2:
        raise ModelError("training tells labels apart: it needs photos of at least two")
    yield f"{len(photos)} photos of {len(labels)} labels"
    recipe, sureness = chosen(len(photos) / len(labels))
    recipe = replace(RECIPES.get(arguments.recipe, recipe), seed=arguments.seed)
    targets = np.array([labels.index(photo.label) for photo in photos])
    pixels_file, whole = decoded(photos, cache), cache / FLOAT_NAME
    words = pack_words(reader, photos, labels) if reader is not None else None
    pixels: NDArray[np.uint8] = np.load(pixels_file, mmap_mode="r")
    if len(labels) <= FEW_LABELS and not arguments.recipe:
        yield "so few labels need no training, which would make strangers look like them"
        gallery = write_generic(pixels, [photo.label for photo in photos], whole, out)
    else:
        classifier = averaged_runs(Material.prepared(pixels_file, targets), recipe)
        write_float(classifier.network, recipe.seen_side, whole)
        gallery = write_weights(classifier, pixels, labels, whole, out)
        gallery = sureness.applied(gallery, float(classifier.scale.detach().exp()))
    gallery = replace(gallery, words=words)
    gallery.save(out / GALLERY_NAME)
    seal(out)
    yield from _timing(pixels, [whole, out / EMBEDDING_NAME])
    if arguments.data and not arguments.final:
        yield from _calibrated(gallery, arguments.data, out)
    yield f"use it with --weights {out / EMBEDDING_NAME}"


def write_weights(
    classifier: Classifier,
    pixels: NDArray[np.uint8],
    labels: Sequence[str],
    whole: Path,
    out: Path,
) -> Gallery:
    """The float network `whole` as int8 in `out`, and the trained vectors as a gallery."""
    write_int8(whole, pixels, out / EMBEDDING_NAME)
    seal(out)
    vectors = classifier.vectors.detach().numpy()
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    fingerprint = Recogniser(out / EMBEDDING_NAME).fingerprint
    return Gallery(tuple(labels), unit, fingerprint)


def write_generic(
    pixels: NDArray[np.uint8], names: Sequence[str], whole: Path, out: Path
) -> Gallery:
    """The generic network, in float as `whole` and as int8 in `out`, and the gallery of what it
    sees on the photos of these labels."""
    write_float(generic_network(), GENERIC_SIDE, whole)
    write_int8(whole, pixels, out / EMBEDDING_NAME)
    seal(out)
    recogniser = Recogniser(out / EMBEDDING_NAME)
    looks: dict[str, list[Embedding]] = {name: [] for name in names}
    for name, photo in zip(names, pixels, strict=True):
        looks[name].append(recogniser.look(photo).embedding)
    return few_gallery(looks, recogniser.fingerprint)


def pack_words(reader: WordReader, photos: Sequence[Photo], labels: Sequence[str]) -> PackWords:
    """The words on some photos of each label that has any."""
    texts: dict[str, list[Lines]] = {label: [] for label in labels}
    for photo in photos:
        read = texts[photo.label]
        if len(read) < WORDS_PHOTOS and (len(read) < WORDLESS_PHOTOS or any(map(pieces, read))):
            read.append(reader.read(read_rgb(photo.path)))
    return PackWords.build(texts, labels)


def _calibrated(gallery: Gallery, data_dir: Path, out: Path) -> Iterator[str]:
    """Choose the gallery's numbers on val, save it again, and report on val."""
    recogniser = Recogniser(out / EMBEDDING_NAME)
    photos = grocery(data_dir, {"val"})
    looks = [recogniser.look(read_rgb(photo.path)).embedding for photo in photos]
    names = [photo.label for photo in photos]
    gallery = gallery.calibrated(looks, names, UNKNOWN_SMOOTHING)
    gallery.save(out / GALLERY_NAME)
    seal(out)
    coarse = {row["fine_name"]: row["coarse_name"] for row in labelled(data_dir)}
    answers = Answers([gallery.believe(one) for one in looks], names, coarse, gallery.acceptance)
    lines = list(table(answers))
    (out / "report.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    pictures(answers, out)
    yield from lines


def _timing(pixels: NDArray[np.uint8], files: Sequence[Path]) -> Iterator[str]:
    """One crop through both networks in turn, on one thread."""
    for file, elapsed_ms in zip(files, times_ms(files, pixels[:40]), strict=True):
        yield f"{file.name}: {file.stat().st_size / 1e6:.2f} MB, {elapsed_ms:.1f} ms a crop"
