"""Pictures on disk: awkward, damaged, linked, of every kind."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.errors import ModelError
from models.pictures import photo_paths, read_luma
from tests.models.commands import DRAWN, lines, models


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


def test_linked_folders_are_searched_and_a_ring_of_links_ends(tmp_path: Path) -> None:
    """A gallery's labels may be links to folders; a link back up is not followed for ever."""
    real = tmp_path / "elsewhere" / "Kiwi"
    real.mkdir(parents=True)
    Image.fromarray(DRAWN).save(real / "a.png")
    (real / "up").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "ask").mkdir()
    (tmp_path / "ask" / "Kiwi").symlink_to(real)
    (tmp_path / "ask" / "round").symlink_to(tmp_path / "ask")
    assert photo_paths(tmp_path / "ask") == [tmp_path / "ask" / "Kiwi" / "a.png"]


def test_a_photo_of_a_kind_that_cannot_be_read_is_heard_of(tmp_path: Path) -> None:
    """Phones' HEIC has its line with an error; BMP and TIFF are read; 108 megapixels are not."""
    (tmp_path / "phone.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    for name in ("a.bmp", "b.tiff"):
        Image.fromarray(DRAWN).save(tmp_path / name)
    Image.new("1", (12_000, 9_000)).save(tmp_path / "huge.tif")
    rows = {row["file"]: row for row in lines(models("read", tmp_path, "--jsonl"))}
    assert list(rows) == ["a.bmp", "b.tiff", "huge.tif", "phone.HEIC"]
    assert rows["a.bmp"]["text"] == rows["b.tiff"]["text"] == "5201815331227"
    assert "phone.HEIC" in rows["phone.HEIC"]["error"]
    assert "too many" in rows["huge.tif"]["error"]


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"]), st.data())
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
