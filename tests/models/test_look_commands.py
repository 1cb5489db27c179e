"""`python -m models enrol`, `recognise` and `evaluate` over folders of photos."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from models.pictures import photo_paths
from models.weights_files import EMBEDDING_NAME, GALLERY_NAME, MANIFEST_NAME, WEIGHTS_DIR, seal
from tests.data import ROOT, data_dir
from tests.models.commands import DRAWN, lines, models


def test_enrol_then_recognise(tmp_path: Path) -> None:
    """A gallery of two labels from photos names new photos, with a top of two and an unknown."""
    grocery = data_dir() / "grocery"
    labels = ("Banana", "Red-Grapefruit")
    photos = {
        split: [path for path in photo_paths(grocery / split) if path.parent.name in labels]
        for split in ("train", "val")
    }
    for path in photos["train"][::4]:
        (tmp_path / "enrol" / path.parent.name).mkdir(parents=True, exist_ok=True)
        (tmp_path / "enrol" / path.parent.name / path.name).symlink_to(path)
    (tmp_path / "ask").mkdir()
    for path in photos["val"]:
        (tmp_path / "ask" / path.name).symlink_to(path)
    (tmp_path / "ask" / "broken.jpg").write_bytes(b"no picture")
    gallery = tmp_path / "two.npz"
    models("enrol", tmp_path / "enrol", "--out", gallery)
    rows = lines(models("recognise", tmp_path / "ask", "--jsonl", "--gallery", gallery))
    assert [row["file"] for row in rows] == sorted(row["file"] for row in rows)
    answers = {row["file"]: row for row in rows}
    assert "broken.jpg" in answers.pop("broken.jpg")["error"]
    assert len(answers) == len(photos["val"])
    named = sum(answers[path.name]["top"][0][0] == path.parent.name for path in photos["val"])
    assert named >= 0.8 * len(answers)
    for row in answers.values():
        assert len(row["top"]) == 2
        assert abs(sum(share for _, share in row["top"]) + row["unknown"] - 1) < 0.01


def test_recognise_without_a_gallery_knows_the_shipped_classes(tmp_path: Path) -> None:
    """The shipped gallery answers with five of its labels."""
    photo = photo_paths(data_dir() / "grocery" / "val")[0]
    (tmp_path / photo.name).symlink_to(photo)
    [row] = lines(models("recognise", tmp_path, "--jsonl"))
    assert len(row["top"]) == 5


def test_weights_of_ones_own_bring_their_classes(tmp_path: Path) -> None:
    """--weights takes the network and the classes beside it; one not vouched for is named."""
    for name in (EMBEDDING_NAME, GALLERY_NAME, MANIFEST_NAME):
        shutil.copy(WEIGHTS_DIR / name, tmp_path / name)
    photo = photo_paths(data_dir() / "grocery" / "val")[0]
    (tmp_path / "ask").mkdir()
    (tmp_path / "ask" / photo.name).symlink_to(photo)
    own = tmp_path / EMBEDDING_NAME
    asked = ("recognise", tmp_path / "ask", "--jsonl")
    [row], [shipped] = lines(models(*asked, "--weights", own)), lines(models(*asked))
    assert row["top"] == shipped["top"]
    (tmp_path / GALLERY_NAME).write_bytes(b"damaged")
    assert f"{GALLERY_NAME}: damaged or foreign" in models(*asked, "--weights", own, status=1)
    own.write_bytes(own.read_bytes()[:-1])
    assert f"{EMBEDDING_NAME}: damaged or foreign" in models(*asked, "--weights", own, status=1)
    seal(tmp_path)
    assert f"{EMBEDDING_NAME}: is no network" in models(*asked, "--weights", own, status=1)


def test_a_name_that_no_terminal_shows_is_printed_all_the_same(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 in a file's name end no list half way."""
    Image.fromarray(DRAWN).save(tmp_path / "b.png")
    (tmp_path / "b.png").rename(os.fsdecode(os.fsencode(tmp_path) + b"/a\xff.png"))
    command = [sys.executable, "-m", "models", "recognise", str(tmp_path)]
    strict = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, env=strict, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().startswith("a\N{MIDDLE DOT}.png: ")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (b"path,fine\na,b\n", "needs rows with path, split, fine_name, coarse_name"),
        (b"\xac\xff\x00", "no table of labels"),
        (b"path,split,fine_name,coarse_name\na.jpg,train,a,b\n", "no photo of the split val"),
        (b"path,split,fine_name,coarse_name\na.jpg,val,a,b\n", "a.jpg"),
    ],
)
def test_labels_that_cannot_be_used_are_named(tmp_path: Path, table: bytes, said: str) -> None:
    """`evaluate` ends with one line on a table of another form, without the split or the photo."""
    (tmp_path / "grocery").mkdir()
    (tmp_path / "grocery" / "labels.csv").write_bytes(table)
    asked = ("evaluate", "--data", tmp_path, "--out", tmp_path / "out")
    complaint = models(*asked, status=1)
    assert said in complaint
    assert complaint.count("\n") == 1


def test_text_without_words_is_said(tmp_path: Path) -> None:
    """Who asks for the words of a gallery that has none hears that they change nothing."""
    (tmp_path / "a").mkdir()
    Image.fromarray(DRAWN).save(tmp_path / "a" / "a.png")
    models("enrol", tmp_path, "--out", tmp_path / "g.npz")
    asked = ["recognise", tmp_path, "--gallery", tmp_path / "g.npz", "--text", "--jsonl"]
    command = [sys.executable, "-m", "models", *map(str, asked)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "made without --text" in done.stderr
    assert [row["top"][0][0] for row in lines(done.stdout)] == ["a"]


def test_evaluate_prints_the_table_and_draws(tmp_path: Path) -> None:
    """A data set of two photos has its figures with intervals, and its three pictures."""
    grocery = tmp_path / "data" / "grocery"
    grocery.mkdir(parents=True)
    photos = photo_paths(data_dir() / "grocery" / "val")[:2]
    rows = [f"{photo},val,{photo.parent.name},coarse" for photo in photos]
    heading = "path,split,fine_name,coarse_name"
    (grocery / "labels.csv").write_text("\n".join([heading, *rows]), encoding="utf-8")
    said = models("evaluate", "--data", tmp_path / "data", cwd=tmp_path)
    assert "split val: 2 photos" in said
    assert "of 2 = " in said
    assert "learned from these very photos" in said
    report = tmp_path / "out" / "evaluate"
    names = {"confusion.png", "reliability.png", "selective-risk.png"}
    assert {path.name for path in report.iterdir()} == names
    (tmp_path / "file").touch()
    asked = ("evaluate", "--data", tmp_path / "data", "--out", tmp_path / "file")
    assert "cannot be made a folder" in models(*asked, status=1)


def test_a_folder_without_photos_cannot_be_enrolled(tmp_path: Path) -> None:
    """The message names the folder and the form that is expected."""
    message = models("enrol", tmp_path, "--out", tmp_path / "g.npz", status=1)
    assert f"{tmp_path}: holds no photo" in message
