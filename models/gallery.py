"""What looks like what: one vector a label, and beliefs in integer millinats.

A belief is a probability as 1000 times its natural logarithm, rounded: the mind adds integers and
never sees a float. The gallery never decides; "unknown" is one more candidate with its own score.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models import calibration
from models.errors import ModelError
from models.recogniser import EMBEDDING_SIZE, Embedding
from models.spread import evened, evening
from models.words import Lines, PackWords, Shaped

Floats = NDArray[np.float64]

MILLINATS_MIN = -30_000
"""Probabilities below exp(-30) are not told apart."""

# For galleries that nobody calibrated; chosen on GroceryStoreDataset (docs/recognition.md).
TEMPERATURE = 0.05
UNKNOWN_SIMILARITY = 0.43
UNKNOWN_WIDTH = 0.05
ACCEPTANCE = 0.9
WORDS_NATS = 10.0
UNKNOWN_SMOOTHING = 2.0
"""How much smoother than the softmax trained vectors' maximum is; 2 of {1, 1.5, 2, 2.5, 3}. Means
of photos lie close together: theirs is as smooth as the softmax."""

NARROWEST = 1e-4
"""What a cosine is divided by is at least this, or nothing could be told from its rounding."""
FAIRNESS = 0.75
PRIOR_PHOTOS = 5
_NUMBERS = (
    "temperature",
    "unknown_temperature",
    "unknown_similarity",
    "unknown_width",
    "acceptance",
)
_WORDS = ("vocabulary", "rarity", "rows")
FILE_BYTES_MAX = 64_000_000
_DAMAGE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    MemoryError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class Belief:
    """How probable each label is, and that it is none of them; together they sum to one."""

    millinats: Mapping[str, int]
    unknown_millinats: int

    def top(self, count: int = 5) -> list[tuple[str, float]]:
        """The most probable labels with their probabilities, best first."""
        best = sorted(self.millinats.items(), key=lambda pair: (-pair[1], pair[0]))[:count]
        return [(label, probability(millinats)) for label, millinats in best]


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """A vector a label, shape (labels, 256): the mean of its photos, or trained.

    `temperature` divides cosine similarities before the softmax. The smooth maximum of the
    similarities at `unknown_temperature` says "unknown" where it lies below `unknown_similarity`,
    as a logistic of `unknown_width`. A label at least as probable as `acceptance` may be taken
    without a question or a second look. `weights` is the fingerprint of the network that made the
    embeddings. `metric` is what embeddings go through before they are compared (models/spread.py),
    shape (256, 256), or None.
    """

    labels: tuple[str, ...]
    centroids: NDArray[np.float32]
    weights: str
    temperature: float = TEMPERATURE
    unknown_temperature: float = TEMPERATURE
    unknown_similarity: float = UNKNOWN_SIMILARITY
    unknown_width: float = UNKNOWN_WIDTH
    acceptance: float = ACCEPTANCE
    words: PackWords | None = None
    metric: NDArray[np.float32] | None = None

    @classmethod
    def build(cls, embeddings: Mapping[str, Sequence[Embedding]], weights: str) -> Gallery:
        """A gallery of each label's mean direction; every label needs at least one embedding."""
        labels = tuple(sorted(embeddings))
        if not labels or any(not embeddings[label] for label in labels):
            raise ModelError("a gallery needs at least one label, and one photo for each")
        photos = [np.stack(embeddings[label]) for label in labels]
        metric = evening(photos)
        looks = [evened(one, metric) for one in photos]
        means = np.stack([one.mean(0) for one in looks])
        lengths = np.maximum(np.linalg.norm(means, axis=1), 1e-6) / _fairness(looks)
        centroids = (means / lengths[:, np.newaxis]).astype(np.float32)
        return cls(labels, centroids, weights, metric=metric)

    def believe(self, embedding: Embedding) -> Belief:
        """What one embedding (unit length, shape (256,)) most probably shows."""
        return self._belief(self.similarities(embedding))

    def similarities(self, embeddings: NDArray[np.float32]) -> Floats:
        """Of embeddings (…, 256) with each label, shape (…, labels)."""
        seen = evened(embeddings, self.metric)
        return np.asarray(seen @ self.centroids.T, np.float64)

    def reread(self, belief: Belief, lines: Lines) -> Belief:
        """The belief once the words on the pack were read too.

        They tell labels apart that have words; that it is one of these, or known at all, only the
        look says: loose goods wear stickers, and a stranger the brand of its neighbours.
        """
        if self.words is None or not (worded := self.words.rows.any(axis=1)).any():
            return belief
        alike = WORDS_NATS * self.words.similarities(lines).astype(np.float64)
        chances = np.array([belief.millinats[label] / 1000 for label in self.labels])
        any_worded = np.logaddexp.reduce(chances[worded])
        chances[worded] = calibration.log_softmax((chances + alike)[worded]) + any_worded
        return _belief(self.labels, np.append(chances, belief.unknown_millinats / 1000))

    def is_accepted(self, belief: Belief) -> bool:
        """Whether the likeliest label is likely enough to be taken without a question."""
        return max(belief.millinats.values()) >= 1000 * math.log(self.acceptance)

    def _belief(self, similarities: Floats) -> Belief:
        """Softmax among the labels; "unknown" is weighed against their smooth maximum."""
        smooth_maximum = float(calibration.smooth_maximum(similarities, self.unknown_temperature))
        unknown = (self.unknown_similarity - smooth_maximum) / self.unknown_width
        chances = calibration.log_softmax(similarities / self.temperature)
        return _belief(self.labels, np.append(chances, unknown))

    def calibrated(
        self,
        embeddings: Sequence[Embedding],
        labels: Sequence[str],
        unknown_smoothing: float = 1.0,
        absent_share: float = calibration.ABSENT_SHARE,
    ) -> Gallery:
        """The same gallery, as sure as held-out photos say it may be.

        "Unknown" is learned from the same photos counted twice: with their label in the gallery,
        and with it left out; the more weight on these (`absent_share`), the more it doubts.
        """
        foreign = sorted(set(labels) - set(self.labels))
        if foreign:
            raise ModelError(f"held-out photos of labels not in the gallery: {', '.join(foreign)}")
        own = np.array([self.labels.index(label) for label in labels])
        similarities = self.similarities(np.stack(embeddings))
        temperature = calibration.best_temperature(similarities, own)
        absent = similarities.copy()
        absent[np.arange(len(own)), own] = -1
        unknown_temperature = unknown_smoothing * temperature
        present, without = (
            calibration.smooth_maximum(one, unknown_temperature) for one in (similarities, absent)
        )
        unknown = calibration.best_unknown(present, without, absent_share)
        surer = replace(
            self,
            temperature=temperature,
            unknown_temperature=unknown_temperature,
            unknown_similarity=unknown[0],
            unknown_width=unknown[1],
        )
        tops = [surer.believe(one).top(1)[0] for one in embeddings]
        hits = np.array([top[0] == label for top, label in zip(tops, labels, strict=True)])
        acceptance = calibration.best_acceptance(np.array([top[1] for top in tops]), hits)
        return replace(surer, acceptance=acceptance)

    def save(self, path: Path) -> None:
        """Write the gallery as .npz (plain arrays, no pickle); `ModelError` if it cannot be."""
        arrays = {name: np.array(getattr(self, name)) for name in ("labels", "weights", *_NUMBERS)}
        arrays["centroids"] = self.centroids
        if self.metric is not None:
            arrays["metric"] = self.metric
        if self.words is not None:
            arrays |= {f"words_{name}": np.array(getattr(self.words, name)) for name in _WORDS}
        try:
            # Whole or not at all: who enrols again keeps the gallery there was.
            unfinished = path.with_name(f"{path.name}.unfinished")
            with unfinished.open("wb") as file:
                np.savez(file, allow_pickle=False, **arrays)
            unfinished.replace(path)
        except OSError as trouble:
            raise ModelError(f"{path}: cannot be written ({trouble.strerror})") from trouble

    @classmethod
    def load(cls, path: Path, weights: str) -> Gallery:
        """Read a gallery made with the network of fingerprint `weights`; else `ModelError`."""
        try:
            if path.stat().st_size > FILE_BYTES_MAX:
                raise ValueError("it is too large")
            # NumPy would take any file for a pickle, and advise to trust it.
            with zipfile.ZipFile(path), np.load(path, allow_pickle=False) as arrays:
                gallery = cls(
                    tuple(str(label) for label in arrays["labels"]),
                    arrays["centroids"].astype(np.float32),
                    str(arrays["weights"]),
                    **{name: float(arrays[name]) for name in _NUMBERS},
                    words=_words(arrays),
                    metric=arrays["metric"].astype(np.float32) if "metric" in arrays else None,
                )
        except _DAMAGE as damage:
            raise ModelError(f"{path}: is no gallery ({damage}); enrol it again") from damage
        gallery.require_sound(path, weights)
        return gallery

    def require_sound(self, path: Path, weights: str) -> None:
        """Refuse a gallery whose arrays do not fit together or whose network is another."""
        if self.weights != weights:
            raise ModelError(f"{path}: was made with other weights; enrol its photos again")
        shape = (len(self.labels), EMBEDDING_SIZE)
        shapes: dict[str, Shaped] = {"centroids": (self.centroids, shape)}
        if self.metric is not None:
            shapes["metric"] = (self.metric, (EMBEDDING_SIZE, EMBEDDING_SIZE))
        if self.words is not None:
            shapes |= self.words.shapes(len(self.labels))
        numbers = np.array([getattr(self, name) for name in _NUMBERS])
        sound = (
            self.labels
            and len(set(self.labels)) == len(self.labels)
            and all(array.shape == shape for array, shape in shapes.values())
            and all(np.isfinite(array).all() for array, _ in shapes.values())
            and np.isfinite(numbers).all()
            and min(self.temperature, self.unknown_temperature, self.unknown_width) >= NARROWEST
            and 0 < self.acceptance <= 1
        )
        if not sound:
            raise ModelError(f"{path}: is no gallery (its arrays do not fit); enrol it again")


def probability(millinats: int) -> float:
    """The probability that `millinats` stand for."""
    return math.exp(millinats / 1000)


def _belief(labels: Sequence[str], logits: Floats) -> Belief:
    rounded = (
        np.rint(np.maximum(calibration.log_softmax(logits) * 1000, MILLINATS_MIN))
        .astype(int)
        .tolist()
    )
    return Belief(dict(zip(labels, rounded[:-1], strict=True)), rounded[-1])


def _fairness(looks: Sequence[NDArray[np.float32]]) -> Floats:
    """How much longer a label's vector must be for its own photos to have an equal chance.

    A photo resembles the mean of few photos less than that of many, and that of a varied label, or
    of one the network was not trained on, less again. So each label's similarities are divided by
    what its photos have with the mean of the label's others (to the power 0.75, and for few photos
    drawn to the middle of all labels; both were chosen by leaving classes out).
    """
    counts = np.array([len(one) for one in looks])
    own = np.array([_own_similarity(one) if len(one) > 1 else math.nan for one in looks])
    middle = float(np.nanmedian(own)) if (counts > 1).any() else 1.0
    steadied = middle + (np.nan_to_num(own, nan=middle) - middle) * counts / (counts + PRIOR_PHOTOS)
    return np.asarray((max(middle, 0.1) / np.maximum(steadied, 0.1)) ** FAIRNESS)


def _own_similarity(looks: NDArray[np.float32]) -> float:
    """The mean similarity of a photo with the mean of the label's other photos."""
    others = looks.sum(0) - looks
    lengths = np.maximum(np.linalg.norm(others, axis=1), 1e-6)
    return float(((looks * others).sum(1) / lengths).mean())


def _words(arrays: Mapping[str, NDArray[np.float32]]) -> PackWords | None:
    if "words_vocabulary" not in arrays:
        return None
    return PackWords(
        tuple(str(piece) for piece in arrays["words_vocabulary"]),
        arrays["words_rarity"].astype(np.float32),
        arrays["words_rows"].astype(np.float32),
    )
