"""Network, gallery and, if wanted, the words on the pack: from one crop to one belief.

Where the look is undecided and words are wanted, they are read; beside that third of a
second the cost of a second, mirrored look is none. It must never decide what is put into a basket.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.gallery import Belief, Gallery
from models.recogniser import Recogniser
from models.weights_files import EMBEDDING_NAME, WEIGHTS_DIR, verified
from models.words import Reader


class Observer:
    """Says what crops show, with the given weights and gallery (default: the shipped ones)."""

    def __init__(
        self,
        weights: Path | None,
        gallery: Path | None,
        reader: Callable[[], Reader] | None = None,
    ) -> None:
        """Load everything, a `reader` only if the gallery tells labels apart by their words;
        `ModelError` names a file that is damaged, foreign or absent."""
        weights = weights or WEIGHTS_DIR / EMBEDDING_NAME
        self.recogniser = Recogniser(weights)
        if gallery is None:
            # The classes that the network was trained on lie beside it.
            gallery = weights.with_suffix(".npz")
            verified(gallery)
        self.gallery = Gallery.load(gallery, self.recogniser.fingerprint)
        words = self.gallery.words
        self._reader = reader() if reader and words is not None and words.tell_apart() else None

    def believe(self, frame: NDArray[np.uint8]) -> Belief:
        """What one RGB crop most probably shows."""
        sighting = self.recogniser.look(frame)
        belief = self.gallery.believe(sighting.embedding)
        if self._reader is None or self.gallery.is_accepted(belief):
            return belief
        belief = self.gallery.believe(self.recogniser.look_again(frame, sighting).embedding)
        return self.gallery.reread(belief, self._reader.read(frame))
