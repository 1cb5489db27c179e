"""From a crop to a belief: when words are read, and what they and the second look are good for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.gallery import Gallery
from models.observer import Observer
from models.pictures import photo_paths, read_rgb
from models.recogniser import Recogniser
from models.weights_files import GALLERY_NAME, WEIGHTS_DIR
from models.words import Lines, PackWords
from tests.data import data_dir

TEXTS: dict[str, list[Lines]] = {
    "Oatly-Oat-Milk": [("havre dryck",)],
    "Bravo-Apple-Juice": [("bravo juice",)],
}


class Person:
    """Who reads a pack aloud, whatever is shown."""

    def __init__(self, said: str) -> None:
        self.said, self.asked = said, 0

    def read(self, frame: NDArray[np.uint8]) -> Lines:
        """The same line of every crop."""
        self.asked += len(frame) > 0
        return (self.said,)


@pytest.fixture(scope="module")
def shipped() -> Gallery:
    """The shipped gallery."""
    return Gallery.load(WEIGHTS_DIR / GALLERY_NAME, Recogniser().fingerprint)


def observer(gallery: Gallery, folder: Path, person: Person) -> Observer:
    """The shipped network with a gallery of one's own, and a person for a reader."""
    gallery.save(folder / "g.npz")
    return Observer(None, folder / "g.npz", lambda: person)


def test_an_undecided_crop_is_seen_again_and_read(shipped: Gallery, tmp_path: Path) -> None:
    """Its mirror image counts as much as it does, and then its words."""
    frame = read_rgb(photo_paths(data_dir() / "grocery" / "val")[0])
    words = PackWords.build(TEXTS, shipped.labels)
    doubting = replace(shipped, acceptance=1.0, words=words)
    person = Person("havre dryck")
    asked = observer(doubting, tmp_path, person)
    believed = asked.believe(frame)
    both = asked.recogniser.look_again(frame, asked.recogniser.look(frame))
    assert believed == doubting.reread(doubting.believe(both.embedding), ("havre dryck",))
    assert believed != doubting.believe(both.embedding)
    assert person.asked == 1


def test_what_the_look_is_sure_of_is_not_read(shipped: Gallery, tmp_path: Path) -> None:
    """Reading takes thirty times as long as a look: only doubt pays for it."""
    frame = read_rgb(photo_paths(data_dir() / "grocery" / "val")[0])
    words = PackWords.build(TEXTS, shipped.labels)
    sure = replace(shipped, acceptance=1e-9, words=words)
    person = Person("havre dryck")
    asked = observer(sure, tmp_path, person)
    assert asked.believe(frame) == sure.believe(asked.recogniser.look(frame).embedding)
    assert person.asked == 0


def test_nobody_reads_for_a_gallery_of_loose_goods(shipped: Gallery, tmp_path: Path) -> None:
    """Where words tell no labels apart, a crop in doubt costs one look."""
    frame = np.full((40, 40, 3), 128, np.uint8)
    words = PackWords.build({"Banana": [(), ()]}, shipped.labels)
    person = Person("havre dryck")
    asked = observer(replace(shipped, acceptance=1.0, words=words), tmp_path, person)
    assert asked.believe(frame) == shipped.believe(asked.recogniser.look(frame).embedding)
    assert person.asked == 0
