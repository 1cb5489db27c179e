"""`python -m models read` and `score` as a newcomer and as a program would call them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zxingcpp
from PIL import Image
from zxingcpp import BarcodeFormat as Kind

from models.alone import Alone
from models.code_commands import read_catalog
from models.errors import ModelError
from tests.models.commands import DRAWN, lines, models


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
