"""The recogniser and its gallery on real photographs, and on files somebody damaged."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from models.errors import ModelError
from models.gallery import Belief, Gallery, probability
from models.pictures import photo_paths, read_rgb
from models.recogniser import EMBEDDING_SIZE, Embedding, Recogniser, Sighting, mean_sighting
from models.weights_files import (
    EMBEDDING_NAME,
    GALLERY_NAME,
    MANIFEST_NAME,
    WEIGHTS_DIR,
    seal,
    verified,
)
from tests.data import data_dir

SUM_TOLERANCE = 0.02
"""Each of up to 82 probabilities is rounded to 1/1000 nat, half up to a part in 2,000."""


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    """The shipped network."""
    return Recogniser()


@pytest.fixture(scope="module")
def shipped(recogniser: Recogniser) -> Gallery:
    """The shipped gallery of 81 classes."""
    return Gallery.load(WEIGHTS_DIR / GALLERY_NAME, recogniser.fingerprint)


def photos(label: str, split: str) -> list[Path]:
    """The photos of one class in one official split."""
    folder = data_dir() / "grocery" / split
    return [path for path in photo_paths(folder) if path.parent.name == label]


def total(belief: Belief) -> float:
    """The sum of all probabilities of a belief."""
    return sum(map(probability, [*belief.millinats.values(), belief.unknown_millinats]))


def unit(*values: float) -> NDArray[np.float32]:
    """A unit embedding that begins with the given values."""
    padded = np.pad(np.array(values, np.float32), (0, EMBEDDING_SIZE - len(values)))
    return np.asarray(padded / np.linalg.norm(padded), np.float32)


def test_the_shipped_gallery_knows_val_photos(recogniser: Recogniser, shipped: Gallery) -> None:
    """On a sixth of the val photos the right class is among five in at least 90 of 100."""
    paths = photo_paths(data_dir() / "grocery" / "val")[::6]
    tops = [
        dict(shipped.believe(recogniser.look(read_rgb(path)).embedding).top()) for path in paths
    ]
    hits = sum(path.parent.name in top for path, top in zip(paths, tops, strict=True))
    assert len(shipped.labels) == 81
    assert hits >= 0.9 * len(paths)


def test_two_labels_are_told_apart_after_three_photos(recogniser: Recogniser) -> None:
    """A gallery built from three train photos a label names most photos of val, sums to one."""
    labels = ("Banana", "Red-Grapefruit")
    looks = {
        label: [recogniser.look(read_rgb(path)).embedding for path in photos(label, "train")[:3]]
        for label in labels
    }
    gallery = Gallery.build(looks, recogniser.fingerprint)
    for label in labels:
        sightings = [recogniser.look(read_rgb(path)) for path in photos(label, "val")]
        beliefs = [gallery.believe(one.embedding) for one in sightings]
        together = gallery.believe(mean_sighting(sightings).embedding)
        assert together.top(1)[0][0] == label
        assert all(abs(total(belief) - 1) < SUM_TOLERANCE for belief in beliefs)


def test_a_look_is_one_unit_vector_whatever_the_frame(recogniser: Recogniser) -> None:
    """Large, small, wide and narrow frames give 256 numbers of unit length, twice the same."""
    dice = np.random.default_rng(0)
    for height, width in ((720, 1280), (40, 30), (1, 1), (300, 20)):
        frame = dice.integers(0, 256, (height, width, 3), dtype=np.uint8)
        embedding = recogniser.look(frame).embedding
        assert embedding.shape == (EMBEDDING_SIZE,)
        assert math.isclose(float(np.linalg.norm(embedding)), 1, abs_tol=1e-4)
        assert np.array_equal(embedding, recogniser.look(frame).embedding)


@pytest.mark.parametrize("shape", [(5, 5), (5, 5, 4), (0, 5, 3)])
def test_a_frame_that_is_no_rgb_is_refused(recogniser: Recogniser, shape: tuple[int, ...]) -> None:
    """Luma, four channels and emptiness are the caller's mistake and are named."""
    with pytest.raises(ValueError, match="HxWx3"):
        recogniser.look(np.zeros(shape, np.uint8))


def test_the_mean_of_sightings_is_a_sighting() -> None:
    """Several crops give one unit embedding between them; none give an error."""
    mean = mean_sighting([Sighting(unit(1, 0)), Sighting(unit(0, 1))]).embedding
    assert np.allclose(mean, unit(1, 1))
    with pytest.raises(ValueError, match="no crop"):
        mean_sighting([])


def test_a_second_look_does_not_know_left_from_right(recogniser: Recogniser) -> None:
    """A photo and its mirror image are one sighting, and neither is what one look has seen."""
    frame = read_rgb(photo_paths(data_dir() / "grocery" / "val")[0])
    first, mirrored = recogniser.look(frame), frame[:, ::-1]
    seen = recogniser.look_again(frame, first).embedding
    again = recogniser.look_again(mirrored, recogniser.look(mirrored)).embedding
    assert np.allclose(seen, again, atol=1e-6)
    assert not np.allclose(seen, first.embedding, atol=0.01)


def small_network(element: int, shape: bytes) -> bytes:
    """The smallest ONNX network that ends in 256 noughts, its input of this element type (1 float,
    2 bytes) and shape, as `onnx.helper` writes both."""
    constant = b'\n\x17\n\x01s\x12\x01o"\x0fConstantOfShape\x12\x01g'
    length = b"*\x0c\x08\x02\x10\x07:\x03\x01\x80\x02B\x01s"
    takes = b"Z\x1d\n\x01p\x12\x18\n\x16\x08" + bytes([element]) + b"\x12\x12" + shape
    gives = b"b\x14\n\x01o\x12\x0f\n\r\x08\x01\x12\t\n\x02\x08\x01\n\x03\x08\x80\x02"
    return b"\x08\x08:_" + constant + length + takes + gives + b"B\x04\n\x00\x10\x11"


ONE, THREE, SIDE = b"\n\x02\x08\x01", b"\n\x02\x08\x03", b"\n\x03\x08\xe0\x01"
"""Lengths of an axis: 1, 3 and 224."""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        small_network(1, ONE + SIDE + SIDE + THREE),
        small_network(2, ONE + THREE + SIDE + SIDE),
        small_network(1, ONE + THREE + SIDE + SIDE).replace(b"ConstantOfShape", b"ConstantOfShame"),
        small_network(1, ONE + THREE + SIDE + SIDE).replace(b"\n\x01s", b"\n\x01t", 1),
    ],
    ids=["empty", "channels last", "bytes", "unknown operator", "missing input"],
)
def test_a_network_of_another_form_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    """Sealed by somebody, and yet no network of ours: said when it is loaded, not at a look."""
    file = tmp_path / EMBEDDING_NAME
    file.write_bytes(small_network(1, ONE + THREE + SIDE + SIDE))
    seal(tmp_path)
    assert Recogniser(file).side_pixels == 224
    file.write_bytes(content)
    seal(tmp_path)
    with pytest.raises(ModelError, match=rf"{EMBEDDING_NAME}: is no network of ours"):
        Recogniser(file)


def test_numbers_that_no_gallery_has_are_refused(tmp_path: Path) -> None:
    """A gallery that accepts nothing, or divides by next to nothing, is named when it is loaded."""
    gallery = Gallery.build({"a": [unit(1)], "b": [unit(0, 1)]}, "w")
    for odd in (
        replace(gallery, acceptance=0),
        replace(gallery, acceptance=1.1),
        replace(gallery, temperature=1e-320),
    ):
        odd.save(tmp_path / "g.npz")
        with pytest.raises(ModelError, match="do not fit"):
            Gallery.load(tmp_path / "g.npz", "w")


@pytest.mark.parametrize("name", [EMBEDDING_NAME, GALLERY_NAME])
def test_one_flipped_bit_is_refused_by_name(tmp_path: Path, name: str) -> None:
    """Every shipped file is vouched for by the manifest, and a copy with one flipped bit is not."""
    for file in (name, MANIFEST_NAME):
        shutil.copy(WEIGHTS_DIR / file, tmp_path / file)
    verified(tmp_path / name)
    content = bytearray((tmp_path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{name}: damaged or foreign"):
        verified(tmp_path / name)


@pytest.mark.parametrize("manifest", [None, "", "[]", '{"sha256": 3}', '{"sha256": {}}'])
def test_weights_without_a_sound_manifest_are_refused(tmp_path: Path, manifest: str | None) -> None:
    """A foreign network is not run, whatever its manifest looks like."""
    weights = tmp_path / "foreign.onnx"
    weights.write_bytes(b"not a network")
    if manifest is not None:
        (tmp_path / MANIFEST_NAME).write_text(manifest, encoding="utf-8")
    with pytest.raises(ModelError):
        Recogniser(weights)


def test_a_gallery_survives_its_file(tmp_path: Path) -> None:
    """What is saved is what is loaded, and it believes the same."""
    gallery = Gallery.build({"b": [unit(0, 1)], "a": [unit(1, 0), unit(1, 1)]}, "these weights")
    assert gallery.metric is not None
    gallery.save(tmp_path / "g.npz")
    loaded = Gallery.load(tmp_path / "g.npz", "these weights")
    assert loaded.labels == ("a", "b")
    assert np.array_equal(loaded.centroids, gallery.centroids)
    assert loaded.believe(unit(1, 2)) == gallery.believe(unit(1, 2))


def test_a_gallery_of_other_weights_is_refused(tmp_path: Path) -> None:
    """Embeddings of two networks are not compared."""
    Gallery.build({"a": [unit(1)]}, "these weights").save(tmp_path / "g.npz")
    with pytest.raises(ModelError, match="made with other weights"):
        Gallery.load(tmp_path / "g.npz", "those weights")


def test_a_damaged_gallery_is_refused_by_name(tmp_path: Path) -> None:
    """Cut, empty, foreign, pickled and misfitting files are refused, never run."""
    file = tmp_path / "g.npz"
    Gallery.build({"a": [unit(1)]}, "w").save(file)
    whole = file.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"PK\x03\x04 no archive"):
        file.write_bytes(content)
        with pytest.raises(ModelError, match=r"g\.npz"):
            Gallery.load(file, "w")
    np.savez(file, labels=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ModelError, match="is no gallery"):
        Gallery.load(file, "w")
    Gallery(("a", "a"), np.zeros((2, EMBEDDING_SIZE), np.float32), "w").save(file)
    with pytest.raises(ModelError, match="do not fit"):
        Gallery.load(file, "w")
    np.save(tmp_path / "g.npy", np.zeros(3))
    (tmp_path / "g.npy").rename(file)
    with pytest.raises(ModelError, match="is no gallery") as complaint:
        Gallery.load(file, "w")
    assert "pickle" not in str(complaint.value)
    Gallery(("a", "b"), np.zeros((1, EMBEDDING_SIZE), np.float32), "w").save(file)
    with pytest.raises(ModelError, match="do not fit"):
        Gallery.load(file, "w")


def test_a_gallery_of_nothing_is_refused() -> None:
    """No label, or a label without photos, is no gallery."""
    nothing: list[dict[str, list[Embedding]]] = [{}, {"a": []}]
    for embeddings in nothing:
        with pytest.raises(ModelError, match="at least one"):
            Gallery.build(embeddings, "w")


@given(arrays(np.float32, EMBEDDING_SIZE, elements=st.floats(-1, 1, width=32)))
def test_any_belief_sums_to_one(embedding: NDArray[np.float32]) -> None:
    """Whatever is seen, the labels' and the unknown's probabilities sum to one."""
    gallery = Gallery.build({"a": [unit(1)], "b": [unit(0, 1)], "c": [unit(0, 0, 1)]}, "w")
    belief = gallery.believe(embedding)
    assert abs(total(belief) - 1) < SUM_TOLERANCE
    assert all(isinstance(one, int) and one <= 0 for one in belief.millinats.values())


def test_what_resembles_nothing_is_unknown() -> None:
    """An embedding far from every centroid is most probably none of the labels."""
    gallery = Gallery.build({"a": [unit(1)], "b": [unit(0, 1)]}, "w")
    belief = gallery.believe(unit(0, 0, 1))
    assert probability(belief.unknown_millinats) > 0.9
    assert gallery.believe(unit(1)).top(1)[0][0] == "a"


def test_a_varied_label_has_as_good_a_chance_as_a_narrow_one() -> None:
    """Of a label of few, unlike photos and one of many, alike, the few's vector is the longer."""
    dice = np.random.default_rng(0)
    alike, unlike = (
        [unit(*middle, *dice.normal(0, noise, 254)) for _ in range(count)]
        for middle, noise, count in (((1, 0), 0.01, 20), ((0, 1), 0.06, 3))
    )
    gallery = Gallery.build({"alike": alike, "unlike": unlike}, "w")
    lengths = dict(zip(gallery.labels, np.linalg.norm(gallery.centroids, axis=1), strict=True))
    assert lengths["unlike"] > 1.01 * lengths["alike"]
    assert gallery.believe(unit(1, 0.5)).top(1)[0][0] == "alike"


def test_what_photos_of_one_thing_differ_in_does_not_part_it_from_others() -> None:
    """Where photos differ by their light, others in other light are named by what they show."""
    dice = np.random.default_rng(0)
    goods = {"sour": -0.3, "sweet": 0.3}

    def look(label: str, light: float) -> Embedding:
        return unit(1, goods[label], dice.normal(light, 0.5), *dice.normal(0, 0.02, 200))

    photos = {label: [look(label, shown) for _ in range(10)] for label, shown in goods.items()}
    asked = [(label, look(label, -shown)) for label, shown in goods.items() for _ in range(100)]
    gallery = Gallery.build(photos, "w")
    means = np.stack([np.mean(photos[label], axis=0) for label in gallery.labels])
    plain = replace(
        gallery, metric=None, centroids=means / np.linalg.norm(means, axis=1, keepdims=True)
    )
    named, plainly_named = (
        sum(which.believe(one).top(1)[0][0] == label for label, one in asked)
        for which in (gallery, plain)
    )
    assert named > 0.9 * len(asked)
    assert plainly_named < 0.7 * len(asked)


def test_one_photo_a_label_is_compared_as_it_is(tmp_path: Path) -> None:
    """Where no label has two photos nothing is known of how they differ; a map that fits no
    embedding is refused."""
    gallery = Gallery.build({"a": [unit(1)], "b": [unit(0, 1)]}, "w")
    assert gallery.metric is None
    replace(gallery, metric=np.eye(3, dtype=np.float32)).save(tmp_path / "g.npz")
    with pytest.raises(ModelError, match="do not fit"):
        Gallery.load(tmp_path / "g.npz", "w")


def test_calibration_chooses_from_held_out_photos(recogniser: Recogniser) -> None:
    """Held-out looks that are all clear make the gallery surer than looks that are not."""
    gallery = Gallery.build({"a": [unit(1, 0)], "b": [unit(0, 1)]}, recogniser.fingerprint)
    clear = gallery.calibrated([unit(1, 0.1), unit(0.1, 1)] * 4, ["a", "b"] * 4)
    mixed = gallery.calibrated([unit(1, 0.9), unit(1, 0.95)] * 4, ["a", "b"] * 4)
    assert clear.temperature < mixed.temperature
    assert clear.believe(unit(1, 0.8)).millinats["a"] > mixed.believe(unit(1, 0.8)).millinats["a"]
