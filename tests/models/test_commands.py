"""`python -m models` as a newcomer and as a program would call it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from zxingcpp import BarcodeFormat as Kind

from models.alone import Alone
from models.code_commands import read_catalog
from models.errors import ModelError
from models.pictures import photo_paths, read_luma
from models.weights_files import EMBEDDING_NAME, GALLERY_NAME, MANIFEST_NAME, WEIGHTS_DIR, seal
from tests.data import ROOT, data_dir

DRAWN = np.pad(
    np.asarray(zxingcpp.create_barcode("5201815331227", Kind.EAN13).to_image(scale=3), np.uint8),
    40,
    constant_values=255,
)


def models(*arguments: str | Path, status: int = 0) -> str:
    """Run the command and give its output, or its errors where it must fail."""
    command = [sys.executable, "-m", "models", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    return done.stderr if status else done.stdout


def lines(output: str) -> list[dict[str, Any]]:
    """The JSON objects of a command's output."""
    return [json.loads(line) for line in output.splitlines()]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with codes in every picture format, a blank, a broken file and a bystander."""
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "b").mkdir()
    for name in ("b/one.png", "a.webp", "c.JPG", "d.gif"):
        Image.fromarray(DRAWN).save(folder / name)
    clear = Image.new("LA", (DRAWN.shape[1], DRAWN.shape[0]), (0, 0))
    clear.putalpha(Image.fromarray(255 - DRAWN))
    clear.save(folder / "clear.png")
    Image.new("L", (60, 40), 255).save(folder / "5201815331227.png")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno picture")
    (folder / "e.png").symlink_to(folder / "nowhere.png")
    (folder / "notes.txt").write_text("no picture at all", encoding="utf-8")
    return folder


def test_read_gives_one_line_a_picture_in_sorted_order(shelf: Path) -> None:
    """Every picture has its line; a broken one has an error; names do not influence an answer."""
    rows = lines(models("read", shelf, "--jsonl"))
    names = ["5201815331227.png", "a.webp", "b/one.png", "broken.png", "c.JPG", "clear.png"]
    assert [row["file"] for row in rows] == [*names, "d.gif", "e.png"]
    answers = {row.pop("file"): row for row in rows}
    for row in answers.values():
        elapsed_ms = row.pop("ms")
        assert ("error" in row) == (elapsed_ms is None)
    nothing: dict[str, Any] = {"text": None, "format": None, "gtin": None, "others": []}
    nothing |= {"confidence": None, "stage": None}
    code: dict[str, Any] = {"text": "5201815331227", "format": "EAN13"}
    code |= {"gtin": "05201815331227", "others": []}
    code |= {"confidence": 0.995, "stage": "plain"}
    assert answers["5201815331227.png"] == nothing
    for name in ("broken.png", "e.png"):
        assert name in answers.pop(name)["error"]
    assert all(answers[name] == code for name in answers if name != "5201815331227.png")


def test_read_prints_a_table_for_people(shelf: Path) -> None:
    """Without --jsonl each picture is a readable line under a heading."""
    heading, *rows = models("read", shelf).splitlines()
    assert heading.startswith("format")
    assert len(rows) == 8
    assert any("EAN13" in row and row.endswith("b/one.png: 5201815331227") for row in rows)


def test_a_crash_or_a_hang_costs_one_answer() -> None:
    """A worker that dies or takes too long is replaced, and the next question is answered."""
    with Alone(make_fragile) as worker:
        assert worker.ask("ok", 5) == "ok"
        with pytest.raises(ModelError, match=f"crashed.*exit status -{signal.SIGABRT.value}"):
            worker.ask("crash", 5)
        with pytest.raises(ModelError, match=r"crashed.*exit status 3"):
            worker.ask("leave", 5)
        with pytest.raises(ModelError, match="given up after"):
            worker.ask("hang", 0.2)
        with pytest.raises(ModelError, match="no picture"):
            worker.ask("refuse", 5)
        assert worker.ask("ok", 5) == "ok"


def test_a_worker_that_dies_at_its_start_is_named() -> None:
    """Who asks for it hears why, in the words of every other trouble."""
    with pytest.raises(ModelError, match="does not start"):
        Alone(os._exit, 3)


def make_fragile() -> Callable[[str], str]:
    """What a hostile file may do to a decoder."""

    def work(question: str) -> str:
        match question:
            case "crash":
                os.abort()
            case "leave":
                os._exit(3)
            case "hang":
                threading.Event().wait()
            case "refuse":
                raise ModelError("no picture")
        return question

    return work


def hostile_pictures(folder: Path) -> None:
    """Pictures of every awkward kind, each a valid file."""
    code = Image.fromarray(DRAWN)
    code.convert("CMYK").save(folder / "cmyk.jpg")
    code.convert("P").save(folder / "palette.gif")
    Image.fromarray(DRAWN.astype(np.uint16) * 257).save(folder / "deep.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    code.save(folder / "turned.jpg", exif=exif)
    Image.new("L", (1, 1)).save(folder / "dot.png")
    Image.new("1", (9000, 9000)).save(folder / "bomb.png")
    Image.new("L", (60_000, 1)).save(folder / "wide.png")
    Image.new("L", (1, 30_000)).save(folder / "thin.png")


def test_awkward_pictures_are_read_or_refused(tmp_path: Path) -> None:
    """CMYK, palette, 16 bits and EXIF turns are read; a dot is empty; a bomb is refused."""
    hostile_pictures(tmp_path)
    rows = {row["file"]: row for row in lines(models("read", tmp_path, "--jsonl"))}
    for name in ("cmyk.jpg", "palette.gif", "deep.png", "turned.jpg"):
        assert rows[name]["text"] == "5201815331227", name
    assert rows["dot.png"]["text"] is None
    assert "too many" in rows["bomb.png"]["error"]
    assert rows["thin.png"]["text"] is None
    assert "60000 pixels exceeds" in rows["wide.png"]["error"]
    for name in ("thin.png", "wide.png"):
        complaint = models("look", tmp_path / name, "--out", tmp_path / "o.png", status=1)
        assert "Traceback" not in complaint
        assert complaint.count("\n") == 1


def test_sixteen_bits_of_grey_read_as_eight(tmp_path: Path) -> None:
    """Every level of a 16-bit picture has the level of its 8-bit twin."""
    ramp = np.tile(np.arange(256, dtype=np.uint8), (8, 1))
    Image.fromarray(ramp.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    assert np.array_equal(read_luma(tmp_path / "deep.png"), ramp)


def test_a_catalog_with_a_bad_line_is_refused_by_number(tmp_path: Path) -> None:
    """What is no GTIN is named with its line; a good file changes nothing of a clear read."""
    catalog = tmp_path / "catalog.txt"
    Image.fromarray(DRAWN).save(tmp_path / "a.png")
    catalog.write_text("5201815331227\n\n59001270\n", encoding="utf-8")
    [row] = lines(models("read", tmp_path, "--jsonl", "--catalog", catalog, "--budget-ms", "50"))
    assert row["text"] == "5201815331227"
    catalog.write_text("5201815331227\n", encoding="utf-8-sig")
    assert read_catalog(catalog) == {"05201815331227"}
    for bad in ("tomatoes", "1234567", "5201815331228", "123456789012345"):
        catalog.write_text(f"59001270\n{bad}\n", encoding="utf-8")
        assert "line 2" in models("read", tmp_path, "--catalog", catalog, status=2)
    assert "milliseconds" in models("read", tmp_path, "--budget-ms", "-3", status=2)


def test_two_codes_are_one_line(tmp_path: Path) -> None:
    """The second code in view stands under others, with its text, format and GTIN."""
    second = zxingcpp.create_barcode("59001270", Kind.EAN8).to_image(scale=2)
    view = np.pad(DRAWN, ((0, 260), (0, 0)), constant_values=255)
    small = np.asarray(second, np.uint8)
    view[-small.shape[0] - 20 : -20, 40 : 40 + small.shape[1]] = small
    Image.fromarray(view).save(tmp_path / "two.png")
    [row] = lines(models("read", tmp_path, "--jsonl"))
    assert row["text"] == "5201815331227"
    assert row["others"] == [{"text": "59001270", "format": "EAN8", "gtin": "00000059001270"}]


def test_score_counts_right_wrong_and_negatives(shelf: Path, tmp_path: Path) -> None:
    """Labels beside the pictures give the figures; a wrong label shows as a misread."""
    labels = tmp_path / "labels.csv"
    right, wrong = '"""5201815331227"""', '"""4006381333931"""'
    prefix = Path("..") / shelf.name if shelf.parent == tmp_path.parent else shelf
    rows = [("a.webp", right), ("c.JPG", wrong), ("5201815331227.png", "")]
    text = "".join(f"{prefix / name},{expected}\n" for name, expected in rows)
    labels.write_text("path,expected_text_json\n" + text, encoding="utf-8")
    [figures] = lines(models("score", shelf, "--labels", labels, "--json"))
    assert (figures["positives"], figures["right"], figures["wrong"]) == (2, 1, 1)
    assert (figures["negatives"], figures["negative_reads"]) == (1, 0)
    assert figures["mistakes"] == ["c.JPG"]


def test_usage_errors_are_one_clear_line() -> None:
    """A folder that is absent ends with status 2 and says so."""
    assert "no-such-folder is not a folder" in models("read", "no-such-folder", status=2)


def test_without_a_command_the_help_lists_them() -> None:
    """What the other packages do: the help, and status 2."""
    said = models(status=2)
    assert all(name in said for name in ("read", "score", "recognise", "enrol", "evaluate"))
    assert "error:" not in said


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


def test_evaluate_prints_the_table_and_draws(tmp_path: Path) -> None:
    """A data set of two photos has its figures with intervals, and its three pictures."""
    grocery = tmp_path / "data" / "grocery"
    grocery.mkdir(parents=True)
    photos = photo_paths(data_dir() / "grocery" / "val")[:2]
    rows = [f"{photo},val,{photo.parent.name},coarse" for photo in photos]
    heading = "path,split,fine_name,coarse_name"
    (grocery / "labels.csv").write_text("\n".join([heading, *rows]), encoding="utf-8")
    said = models("evaluate", "--data", tmp_path / "data", "--out", tmp_path / "report")
    assert "split val: 2 photos" in said
    assert "of 2 = " in said
    names = {"confusion.png", "reliability.png", "selective-risk.png"}
    assert {path.name for path in (tmp_path / "report").iterdir()} == names


def test_a_folder_without_photos_cannot_be_enrolled(tmp_path: Path) -> None:
    """The message names the folder and the form that is expected."""
    message = models("enrol", tmp_path, "--out", tmp_path / "g.npz", status=1)
    assert f"{tmp_path}: holds no photo" in message


def test_what_cannot_be_used_is_named(shelf: Path, tmp_path: Path) -> None:
    """Labels that are none, and a gallery that has no place to go, end with one clear line."""
    table = tmp_path / "table.csv"
    table.write_text("name,code\na.webp,1\n", encoding="utf-8")
    message = models("score", shelf, "--labels", table, status=1)
    assert "table.csv: cannot be used as labels" in message
    (tmp_path / "enrol" / "code").mkdir(parents=True)
    (tmp_path / "enrol" / "code" / "a.webp").symlink_to(shelf / "a.webp")
    nowhere = tmp_path / "absent" / "g.npz"
    assert "cannot be written" in models("enrol", tmp_path / "enrol", "--out", nowhere, status=1)


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]), st.data())
def test_a_damaged_picture_is_a_picture_or_a_model_error(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    """Cut or altered bytes never raise anything but ModelError."""
    path = tmp_path_factory.getbasetemp() / f"damaged.{kind.lower()}"
    Image.fromarray(DRAWN[::4, ::4]).save(path, kind)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with contextlib.suppress(ModelError):
        luma = read_luma(path)
        assert luma.ndim == 2
        assert luma.dtype == np.uint8
