"""Reads the small files that the store keeps, one a thing: an order, a cart's settings, an opening.

It must never let one file that can't be read keep the others from being read, nor change one.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Generic, TypeVar

from msgspec import MsgspecError

from cart.contract.decoding import decoder_of

Kind = TypeVar("Kind")

log = logging.getLogger(__name__)


class Kept(Generic[Kind]):
    """Those of one kind. An odd one is passed by, and said once."""

    def __init__(self, kind: type[Kind]) -> None:
        self._decoder = decoder_of(kind)
        self._said: set[Path] = set()

    def read(self, path: Path) -> Kind | None:
        """What is in a file; None where it is gone meanwhile, or can't be read."""
        try:
            return self._decoder.decode(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, MsgspecError, UnicodeDecodeError) as error:
            self.pass_by(path, error)
            return None

    def pass_by(self, path: Path, why: object) -> None:
        """Say once that a file is none of ours."""
        if path not in self._said:
            self._said.add(path)
            log.error("passed by: %s: %s; bring back what it was, or remove it", path, why)
