"""The parts of the training that need no torch: lists, decoded photos, views, the closed form."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from models.errors import ModelError
from models.gallery import probability
from models.recogniser import EMBEDDING_SIZE
from models.train.augment import Views, view
from models.train.fisher import fisher_projection
from models.train.photos import KEPT_SIDE, Photo, decoded, grocery, listed
from models.train.recipe import FEW, MANY, chosen, few_gallery
from tests.data import ROOT, data_dir


def test_a_list_names_photos_beside_it_or_from_here(tmp_path: Path) -> None:
    """A heading and empty lines do not count; a path may also start from the working folder."""
    file = tmp_path / "list.csv"
    file.write_text('path,label\na/1.jpg,Milk\n\nb/2.jpg,"Milk, 1,5 %"\n', encoding="utf-8")
    (tmp_path / "a").mkdir()
    (tmp_path / "a/1.jpg").touch()
    assert listed(file) == [
        Photo(tmp_path / "a/1.jpg", "Milk"),
        Photo(Path("b/2.jpg"), "Milk, 1,5 %"),
    ]


def test_a_spreadsheets_list_is_read_and_another_encoding_is_named(tmp_path: Path) -> None:
    """The mark at the start of a file is no part of its heading; Latin-1 is refused by name."""
    file = tmp_path / "list.csv"
    file.write_text("path,label\na.jpg,Öl\n", encoding="utf-8-sig")
    assert listed(file) == [Photo(Path("a.jpg"), "Öl")]
    file.write_text("a.jpg,Öl\n", encoding="latin-1")
    with pytest.raises(ModelError, match=r"list\.csv: is no list in UTF-8"):
        listed(file)


def test_a_heading_is_one_in_any_spelling_and_only_at_the_top(tmp_path: Path) -> None:
    """What a spreadsheet writes above its rows is no photo; further down the same words are."""
    file = tmp_path / "list.csv"
    file.write_text("Path, Label\n  \na.jpg,Milk\npath,label\n", encoding="utf-8")
    assert listed(file) == [Photo(Path("a.jpg"), "Milk"), Photo(Path("path"), "label")]


def test_a_photo_that_cannot_be_there_is_named(tmp_path: Path) -> None:
    """A name longer than any file's ends in one line, and a folder's odd bytes in none."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    folder.mkdir()
    Image.new("RGB", (40, 60)).save(folder / "a.png")
    assert decoded([Photo(folder / "a.png", "x")], tmp_path / "cache").is_file()
    with pytest.raises(ModelError, match="cannot be read"):
        decoded([Photo(tmp_path / ("n" * 300), "x")], tmp_path / "cache")
    (tmp_path / "list.csv").write_text(f"{'n' * 300},x\n", encoding="utf-8")
    assert listed(tmp_path / "list.csv") == [Photo(Path("n" * 300), "x")]


@pytest.mark.parametrize("wrong", [["--seed", "-1"], ["--seed", "9" * 30], ["--final"]])
def test_training_refuses_what_it_could_not_do(tmp_path: Path, wrong: list[str]) -> None:
    """A seed that is none, or --final with a list, ends with status 2 before anything is read."""
    (tmp_path / "list.csv").write_text("a.jpg,Milk\nb.jpg,Tea\n", encoding="utf-8")
    asked = ["train", "--list", tmp_path / "list.csv", "--out", tmp_path / "out", *wrong]
    command = [sys.executable, "-m", "models", *map(str, asked)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, wrong[0] in done.stderr) == (2, True)


@pytest.mark.parametrize(
    "text", ["", "a.jpg\n", "a.jpg,\n", "a.jpg,Milk,x\n", "path,label\n", "a.jpg,\0Milk\n"]
)
def test_a_list_that_is_none_is_refused_by_name(tmp_path: Path, text: str) -> None:
    """Lines of another form, or no photo at all, are named before any training."""
    file = tmp_path / "list.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=r"list\.csv"):
        listed(file)


def test_photos_are_decoded_once(tmp_path: Path) -> None:
    """The second time the pixels come from the cache; a changed photo is decoded anew."""
    paths = [tmp_path / f"{number}.png" for number in range(2)]
    for number, path in enumerate(paths):
        Image.new("RGB", (40, 60), (number, 9, 9)).save(path)
    photos = [Photo(path, "x") for path in paths]
    first = decoded(photos, tmp_path / "cache")
    assert np.load(first).shape == (2, KEPT_SIDE, KEPT_SIDE, 3)
    assert decoded(photos, tmp_path / "cache") == first
    Image.new("RGB", (40, 61), (200, 9, 9)).save(paths[0])
    assert np.load(decoded(photos, tmp_path / "cache"))[0, 0, 0, 0] == 200
    with pytest.raises(ModelError, match=r"absent\.png"):
        decoded([Photo(tmp_path / "absent.png", "x")], tmp_path / "cache")


def test_the_official_splits_are_told_apart() -> None:
    """Train has all 81 classes, val some of them, and no photo is in both."""
    train, val = (grocery(data_dir(), {split}) for split in ("train", "val"))
    assert len({photo.label for photo in train}) == 81
    assert {photo.label for photo in val} < {photo.label for photo in train}
    assert not {photo.path for photo in val} & {photo.path for photo in train}


def test_a_view_is_the_dices_and_keeps_the_colour() -> None:
    """The same dice give the same view; a yellow photo never turns orange."""
    photo = np.full((KEPT_SIDE, KEPT_SIDE, 3), (230, 200, 40), np.uint8)
    views = Views(covered=0)
    for seed in range(20):
        one, again = (view(photo, 96, views, np.random.default_rng(seed)) for _ in range(2))
        assert one.shape == (96, 96, 3)
        assert np.array_equal(one, again)
        red, green, _ = one[48, 48].astype(int)
        assert red < 1.5 * green


def test_the_closed_form_ignores_what_varies_within_a_label() -> None:
    """Labels that differ in a faint feature are told apart beside a loud one of no meaning."""
    dice = np.random.default_rng(0)
    targets = np.arange(400) % 2
    features = dice.normal(0, 0.1, (400, 300))
    features[:, 0] += targets
    features[:, 1] += dice.normal(0, 20, 400)
    mean, projection = fisher_projection(features, targets)
    projected = (features - mean) @ projection
    projected /= np.linalg.norm(projected, axis=1, keepdims=True)
    centroids = np.stack([projected[targets == one].mean(0) for one in (0, 1)])
    assert ((projected @ centroids.T).argmax(1) == targets).mean() > 0.95


def test_few_photos_have_a_recipe_of_their_own() -> None:
    """Five photos a label are trained longer than thirty."""
    assert chosen(5)[0] == FEW
    assert chosen(30)[0] == MANY
    assert len(FEW.sides) > len(MANY.sides)


def test_unknown_speaks_with_few_labels() -> None:
    """Three labels, five photos each: what resembles one as its photos do is it; what resembles
    them as generic looks at other goods do is none of these, and taken for none unasked."""
    dice = np.random.default_rng(4)
    every = np.linalg.qr(dice.normal(size=(EMBEDDING_SIZE, EMBEDDING_SIZE)))[0].astype(np.float32)
    common, *own = every[:4]
    noises = iter(every[4:])

    def look(own_share: float, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        rest = np.sqrt(1 - 0.45 - own_share)
        total = np.sqrt(0.45) * common + np.sqrt(own_share) * vector + rest * next(noises)
        return np.asarray(total, np.float32)

    labels = dict(zip("abc", own, strict=True))
    gallery = few_gallery(
        {label: [look(0.35, vector) for _ in range(5)] for label, vector in labels.items()}, "w"
    )
    for label, vector in labels.items():
        belief = gallery.believe(look(0.35, vector))
        assert belief.top(1)[0][0] == label
        assert probability(belief.unknown_millinats) < 0.3
        stranger = gallery.believe(look(0.0, vector))
        assert probability(stranger.unknown_millinats) > 0.5
        assert not gallery.is_accepted(stranger)


def test_without_its_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    """Where torch is absent, one line names the extra."""
    (tmp_path / "torch.py").write_text("raise ImportError(name='torch')", encoding="utf-8")
    (tmp_path / "list.csv").write_text("a.jpg,Milk\n", encoding="utf-8")
    asked: list[str | Path] = ["train", "--list", tmp_path / "list.csv", "--out", tmp_path / "out"]
    done = subprocess.run(
        [sys.executable, "-m", "models", *asked],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "dashcart[train]" in done.stderr
