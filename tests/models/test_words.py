"""Words on a pack as a second look: compared by their pieces, kept in a gallery, optional."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.errors import ModelError
from models.gallery import Belief, Gallery
from models.recogniser import EMBEDDING_SIZE
from models.words import Lines, PackWords, is_strip, pieces, plain

TEXTS: dict[str, list[Lines]] = {
    "oat": [("havre dryck",), ("oat drink", "havre")],
    "milk": [("lattmjolk 1 5",), ("mjolk", "latt")],
    "apple": [(), ()],
}
LABELS = ("apple", "milk", "oat")


def gallery(words: PackWords | None) -> Gallery:
    """Three labels of which a look says nothing."""
    return Gallery(LABELS, np.eye(3, EMBEDDING_SIZE, dtype=np.float32), "w", words=words)


def test_a_line_is_compared_without_case_accents_and_signs() -> None:
    """What differs between two prints of one word does not count."""
    assert plain("LÄTTMJÖLK 1,5 %") == "lattmjolk 1 5"
    assert pieces([plain("Öl,"), plain("SÖL")]) == {"<so", "sol", "ol>"}


def test_prices_dates_and_scraps_are_no_words() -> None:
    """What stands on every shelf says nothing of a pack; signs say more each than letters do."""
    assert (
        pieces(["20 90", "261019 14 54", "8", "ly", "\N{CJK UNIFIED IDEOGRAPH-798F}"])
        == frozenset()
    )
    assert pieces(["7up"]) == {"<7u", "7up", "up>"}
    assert pieces(["\N{CJK UNIFIED IDEOGRAPH-725B}\N{CJK UNIFIED IDEOGRAPH-5976}"])


def test_one_photo_a_label_is_enough_to_compare_words() -> None:
    """Flavours of one brand, a photo each, are told apart by the word that differs."""
    labels = ("berry", "natural", "vanilla")
    texts: dict[str, list[Lines]] = {label: [(f"arla yoghurt {label}",)] for label in labels}
    words = PackWords.build(texts, labels)
    for label in labels:
        alike = words.similarities(("arla yoghurt", label))
        assert labels[int(alike.argmax())] == label
        assert np.diff(np.sort(alike))[-1] > 0.2


def test_sides_of_one_pack_need_not_bear_the_same_words() -> None:
    """Three photos of three sides all show words, so the label is told by them."""
    texts = TEXTS | {"apple": [("front side",), ("nutrition facts",), ("bottle neck",)]}
    assert PackWords.build(texts, LABELS).rows[LABELS.index("apple")].any()


def test_a_strip_is_not_searched_for_words() -> None:
    """A crop of one column would keep the reader busy for a minute."""
    assert is_strip(np.zeros((400, 1, 3), np.uint8))
    assert is_strip(np.zeros((30, 400, 3), np.uint8))
    assert not is_strip(np.zeros((40, 400, 3), np.uint8))


def test_words_with_letters_wrong_still_point_to_their_label() -> None:
    """A carton read badly resembles its own label most; a label without words gets nothing."""
    alike = PackWords.build(TEXTS, LABELS).similarities(("havne dryk",))
    assert LABELS[int(alike.argmax())] == "oat"
    assert alike[LABELS.index("apple")] == 0


def test_the_words_decide_between_labels_that_look_alike() -> None:
    """A belief torn between two packs follows the words; without words it stays as it was."""
    torn = Belief(dict.fromkeys(LABELS, -1100), -9000)
    words = PackWords.build(TEXTS, LABELS)
    assert gallery(words).reread(torn, ("lattmjolk",)).top(1)[0][0] == "milk"
    assert gallery(words).reread(torn, ()).top(3)[0][1] == pytest.approx(1 / 3, abs=0.01)
    assert gallery(None).reread(torn, ("lattmjolk",)) == torn


def test_words_make_no_stranger_known() -> None:
    """A pack that the look takes for none of the labels stays unknown, whatever brand it bears."""
    strange = Belief({"apple": -5000, "milk": -3500, "oat": -4500}, -60)
    reread = gallery(PackWords.build(TEXTS, LABELS)).reread(strange, ("lattmjolk 1 5",))
    assert reread.unknown_millinats == pytest.approx(-60, abs=20)
    assert reread.top(1)[0][0] == "milk"


def test_words_make_no_pack_of_what_is_loose() -> None:
    """An apple with a sticker stays as likely as it looked: words tell packs from each other."""
    loose = Belief({"apple": -500, "milk": -1500, "oat": -2000}, -4000)
    reread = gallery(PackWords.build(TEXTS, LABELS)).reread(loose, ("lattmjolk 1 5",))
    assert reread.millinats["apple"] == pytest.approx(-500, abs=20)
    assert reread.millinats["milk"] > -1500
    wordless = PackWords.build({"apple": [(), ()]}, LABELS)
    assert gallery(wordless).reread(loose, ("lattmjolk 1 5",)) == loose


@pytest.mark.parametrize(
    ("shown", "worded"), [("x..", False), ("xx..", False), ("xxx..", True), (".", False)]
)
def test_a_word_beside_loose_goods_is_not_theirs(shown: str, worded: bool) -> None:
    """Up to half of the photos show the shelf: the label is not told by its words."""
    texts = TEXTS | {"apple": [("lattmjolk",) if one == "x" else ("8",) for one in shown]}
    words = PackWords.build(texts, LABELS)
    assert words.rows[LABELS.index("apple")].any() == worded
    assert words.rows[LABELS.index("milk")].any()


def test_words_survive_the_gallerys_file(tmp_path: Path) -> None:
    """What is saved reads the same; words that do not fit the labels are refused."""
    words = PackWords.build(TEXTS, LABELS)
    gallery(words).save(tmp_path / "g.npz")
    loaded = Gallery.load(tmp_path / "g.npz", "w").words
    assert loaded is not None
    assert np.array_equal(loaded.similarities(("oat",)), words.similarities(("oat",)))
    gallery(replace(words, rows=words.rows[:2])).save(tmp_path / "cut.npz")
    with pytest.raises(ModelError, match=r"cut\.npz.*do not fit"):
        Gallery.load(tmp_path / "cut.npz", "w")
