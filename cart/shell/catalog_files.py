"""The catalog on the cart's disk: the snapshot, the changes since, and the pieces of the next one.

A snapshot is replaced whole; a change is a line behind it, so that one price does not write a
large file anew. Pieces wait for the rest over restarts. It must never judge what it holds: the
intake does.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

from cart.contract.goods import CatalogDelta, CatalogHead
from cart.contract.lines import encode
from cart.core.catalog import CatalogError
from cart.files import replace_file

FILE_NAME = "catalog.signed"
CHANGES = "catalog.changes"
PIECES = "catalog.pieces"
CHANGES_MAX = 200


class CatalogFiles:
    """Those in one folder. What must last raises CatalogError where the disk does not take it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._changes = folder / CHANGES
        self._pieces = folder / PIECES

    def read(self) -> tuple[bytes, bytes, list[bytes]] | None:
        """(line of the head, data, lines of the changes since); None if there is no snapshot."""
        try:
            line, _, data = self.path.read_bytes().partition(b"\n")
            changes = self._changes.read_bytes() if self._changes.exists() else b""
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CatalogError(
                f"{self.path}: {error.strerror}; remove it, the store sends it again"
            ) from error
        # A line without its end was cut off by a lost power.
        return line, data, changes.split(b"\n")[:-1]

    def write(self, head: CatalogHead, data: bytes) -> None:
        """Replace the snapshot; what led to it is needed no more. A cut in between leaves changes
        that do not follow from the new snapshot, which the intake passes over."""
        try:
            replace_file(self.path, encode(head) + data)
            self._changes.unlink(missing_ok=True)
            shutil.rmtree(self._pieces, ignore_errors=True)
        except OSError as error:
            raise self._trouble(error) from error

    def append(self, deltas: Iterable[CatalogDelta]) -> bool:
        """Write changes behind the snapshot; False where they have become too many to read."""
        try:
            with self._changes.open("ab") as file:
                file.write(b"".join(encode(delta) for delta in deltas))
                file.flush()
                os.fsync(file.fileno())
            return self._changes.read_bytes().count(b"\n") < CHANGES_MAX
        except OSError as error:
            raise self._trouble(error) from error

    def piece(self, sha256: str) -> bytes | None:
        """A piece that was kept, whole, by its hash."""
        with suppress(OSError):
            kept = (self._pieces / sha256).read_bytes()
            return kept if hashlib.sha256(kept).hexdigest() == sha256 else None
        return None

    def keep_piece(self, sha256: str, piece: bytes) -> None:
        """Keep a piece until its catalog is whole; one that is lost is only fetched again."""
        with suppress(OSError):
            self._pieces.mkdir(mode=0o700, exist_ok=True)
            (self._pieces / sha256).write_bytes(piece)

    def drop_pieces(self, except_for: Collection[str]) -> None:
        """Make room: of other catalogs nothing is wanted any more."""
        for path in self._pieces.glob("*"):
            if path.name not in except_for:
                path.unlink(missing_ok=True)

    def _trouble(self, error: OSError) -> CatalogError:
        return CatalogError(f"{self.path}: {error.strerror}; make room on the disk")
