"""What looks like what: one centroid a label, and beliefs in integer millinats.

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

from models.errors import ModelError
from models.recogniser import EMBEDDING_SIZE, Embedding

Floats = NDArray[np.float64]

MILLINATS_MIN = -30_000
"""Probabilities below exp(-30) are not told apart."""

# Chosen on GroceryStoreDataset's val split for the shipped gallery; see weights/CARD.md.
TEMPERATURE = 0.05
UNKNOWN_SIMILARITY = 0.43
ABSENT_SHARE = 0.1
"""How often an item of no known label is expected when the unknown similarity is chosen."""

FILE_BYTES_MAX = 64_000_000
_DAMAGE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)


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
    """Centroids of the labels' embeddings, shape (labels, 256), each of unit length.

    `temperature` divides cosine similarities before the softmax; `unknown_similarity` is the
    similarity at which an item is as probably none of the labels; `weights` is the fingerprint of
    the network that made the embeddings.
    """

    labels: tuple[str, ...]
    centroids: NDArray[np.float32]
    weights: str
    temperature: float = TEMPERATURE
    unknown_similarity: float = UNKNOWN_SIMILARITY

    @classmethod
    def build(cls, embeddings: Mapping[str, Sequence[Embedding]], weights: str) -> Gallery:
        """A gallery of each label's mean embedding; every label needs at least one."""
        labels = tuple(sorted(embeddings))
        if not labels or any(not embeddings[label] for label in labels):
            raise ModelError("a gallery needs at least one label, and one photo for each")
        means = np.stack([np.mean(embeddings[label], axis=0) for label in labels])
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        return cls(labels, (means / np.maximum(lengths, 1e-6)).astype(np.float32), weights)

    def believe(self, embedding: Embedding) -> Belief:
        """What one embedding (unit length, shape (256,)) most probably shows."""
        similarities = np.append(self.centroids @ embedding, self.unknown_similarity)
        return _belief(self.labels, similarities.astype(np.float64) / self.temperature)

    def calibrated(self, embeddings: Sequence[Embedding], labels: Sequence[str]) -> Gallery:
        """The same gallery with temperature and unknown similarity chosen on held-out photos.

        The temperature minimises the log loss among the known labels. Then the unknown similarity
        minimises the log loss of "unknown", every photo counted twice: with its label in the
        gallery, and with its label left out.
        """
        foreign = sorted(set(labels) - set(self.labels))
        if foreign:
            raise ModelError(f"held-out photos of labels not in the gallery: {', '.join(foreign)}")
        own = np.array([self.labels.index(label) for label in labels])
        similarities = np.stack(embeddings).astype(np.float64) @ self.centroids.T
        temperatures = np.geomspace(0.01, 0.3, 60)
        temperature = min(temperatures, key=lambda one: _log_loss(similarities / one, own))
        absent = similarities.copy()
        absent[np.arange(len(own)), own] = -math.inf
        unknown = min(
            np.linspace(0, 1, 101),
            key=lambda one: _unknown_loss(similarities, absent, one, temperature),
        )
        return replace(self, temperature=float(temperature), unknown_similarity=float(unknown))

    def save(self, path: Path) -> None:
        """Write the gallery as .npz (plain arrays, no pickle); `ModelError` if it cannot be."""
        arrays = {
            "labels": np.array(self.labels),
            "centroids": self.centroids,
            "weights": np.array(self.weights),
            "temperature": np.array(self.temperature),
            "unknown_similarity": np.array(self.unknown_similarity),
        }
        try:
            with path.open("wb") as file:
                np.savez(file, allow_pickle=False, **arrays)
        except OSError as trouble:
            raise ModelError(f"{path}: cannot be written ({trouble.strerror})") from trouble

    @classmethod
    def load(cls, path: Path, weights: str) -> Gallery:
        """Read a gallery made with the network of fingerprint `weights`; else `ModelError`."""
        try:
            if path.stat().st_size > FILE_BYTES_MAX:
                raise ValueError("it is too large")
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                gallery = cls(
                    tuple(str(label) for label in arrays["labels"]),
                    arrays["centroids"].astype(np.float32),
                    str(arrays["weights"]),
                    float(arrays["temperature"]),
                    float(arrays["unknown_similarity"]),
                )
        except _DAMAGE as damage:
            raise ModelError(f"{path}: is no gallery ({damage}); enrol it again") from damage
        gallery.require_sound(path, weights)
        return gallery

    def require_sound(self, path: Path, weights: str) -> None:
        """Refuse a gallery whose arrays do not fit together or whose network is another."""
        if self.weights != weights:
            raise ModelError(f"{path}: was made with other weights; enrol its photos again")
        fits = self.centroids.shape == (len(self.labels), EMBEDDING_SIZE) and self.labels
        numbers = (*self.centroids.flat, self.temperature, self.unknown_similarity)
        if not fits or self.temperature <= 0 or not np.isfinite(numbers).all():
            raise ModelError(f"{path}: is no gallery (its arrays do not fit); enrol it again")


def probability(millinats: int) -> float:
    """The probability that `millinats` stand for."""
    return math.exp(millinats / 1000)


def combine(beliefs: Sequence[Belief]) -> Belief:
    """Several crops or frames of one item as one belief: the mean of their log-probabilities.

    The mean and not the sum, because frames of one item err together.
    """
    if not beliefs:
        raise ValueError("nothing was seen")
    labels = tuple(beliefs[0].millinats)
    rows = [[*(one.millinats[label] for label in labels), one.unknown_millinats] for one in beliefs]
    return _belief(labels, np.mean(rows, axis=0) / 1000)


def _belief(labels: Sequence[str], logits: Floats) -> Belief:
    rounded = np.rint(np.maximum(_log_softmax(logits) * 1000, MILLINATS_MIN)).astype(int).tolist()
    return Belief(dict(zip(labels, rounded[:-1], strict=True)), rounded[-1])


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def _log_loss(logits: Floats, own: NDArray[np.int64]) -> float:
    return -float(_log_softmax(logits)[np.arange(len(own)), own].mean())


def _unknown_loss(present: Floats, absent: Floats, unknown: float, temperature: float) -> float:
    """Log loss of saying "unknown" where the label is absent and not where it is present."""
    column = np.full((len(present), 1), unknown)
    said, wanted = (
        _log_softmax(np.hstack([similarities, column]) / temperature)[:, -1]
        for similarities in (present, absent)
    )
    known = np.log(np.maximum(-np.expm1(said), 1e-12))
    return -float((1 - ABSENT_SHARE) * known.mean() + ABSENT_SHARE * wanted.mean())
