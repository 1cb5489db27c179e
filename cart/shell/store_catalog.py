"""Takes in the store's catalog: signed head, then chunks, then one file, whole or not at all; and
signed changes, one after the other, each leading to exactly the catalog that its head names.

What is not signed by this store, too large, older, or not what its head says is refused, and the
catalog in use stays. The file is checked again when it is read: a disk is no more to be trusted
than a network. It must never publish, and never change a catalog in use.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from cart.contract.deltas import canonical, changed
from cart.contract.goods import (
    CHUNK_BYTES_MAX,
    TRUSTED_CATALOG,
    CatalogDelta,
    CatalogHead,
    Change,
)
from cart.contract.lines import ContractError
from cart.contract.lines import decode as decode_json
from cart.contract.signing import head_text, published_text
from cart.contract.store import decode
from cart.core.catalog import Catalog, CatalogError, parse_catalog
from cart.shell.catalog_files import CatalogFiles
from cart.shell.config import ConfigError
from cart.shell.trust import Trust

BODY = "CatalogDelta: body"
DELTAS_MAX = 20  # a cart that is further behind collects the catalog whole


class StoreKey:
    """The store's public key."""

    def __init__(self, pem: bytes) -> None:
        try:
            key = load_pem_public_key(pem)
        except ValueError as error:
            raise ConfigError("store_public_key: not a PEM public key; copy store.pub") from error
        if not isinstance(key, Ed25519PublicKey):
            raise ConfigError("store_public_key: not an Ed25519 key; copy the store's store.pub")
        self._key = key

    def has_signed(self, text: bytes, signature: str) -> bool:
        """Whether the store put this base64 signature under this text."""
        try:
            self._key.verify(base64.b64decode(signature, validate=True), text)
        except (InvalidSignature, binascii.Error):
            return False
        return True


class CatalogIntake:
    """Collects one catalog at a time for the store named; `version` and `sha256` are in use."""

    def __init__(
        self, tenant: str, store: str, key: StoreKey, folder: Path, trust: Trust | None = None
    ) -> None:
        self._names = (tenant, store)
        self._key = key
        self._files = CatalogFiles(folder)
        self._trust = trust
        self._held: CatalogHead | None = None
        self.version = 0
        self.sha256 = ""
        self._used: Catalog | None = None
        self._head: CatalogHead | None = None
        self._chunks: dict[int, bytes] = {}
        self._to_fetch: deque[int] = deque()
        # The newest catalog by the changes that have come, and those not on the disk yet.
        self._tip: tuple[CatalogHead, Catalog] | None = None
        self._untold: list[CatalogDelta] = []
        self._next: CatalogDelta | None = None
        self._long_version = 0  # no message holds the change to this one

    @property
    def next_version(self) -> int | None:
        """Which change would come next; None before the first catalog, or while one waits."""
        if self._used is None or self._next is not None:
            return None
        return self._tip_version + 1

    def restore(self, upto_version: int | None = None) -> Catalog | None:
        """The catalog of the last run, None if there is none; of those that are still here the last
        that is no newer than `upto_version`. Raises CatalogError."""
        kept = self._files.read()
        if kept is None:
            return None
        line, data, changes = kept
        try:
            head = self._checked(decode(CatalogHead, line))
            self._use(head, self._whole(head, data))
            self._restore(changes, upto_version)
        except ContractError as error:
            raise CatalogError(f"{self._files.path}: {error}") from error
        return self._used

    def offer(self, head: CatalogHead) -> bool:
        """Begin to collect a newer catalog, or go on with it; False: nothing to collect.

        Raises CatalogError.
        """
        if head.sha256 == self.sha256:
            return False
        self._checked(head)
        if not self._is_trusted(head):
            self._held = head
            return False
        if head.version <= self.version:
            raise CatalogError(
                f"catalog: version {head.version} after {self.version}; publish a higher version"
            )
        if self._head is None or head.sha256 != self._head.sha256:
            self._chunks = {}
            self._files.drop_pieces(head.pieces)
            for number, sha256 in enumerate(head.pieces):
                if kept := self._files.piece(sha256):
                    self._chunks[number] = _unpacked(head, number, kept)
        self._head = head
        self._to_fetch = deque(each for each in range(head.chunks) if each not in self._chunks)
        return True

    def is_close(self, head: CatalogHead) -> bool:
        """Whether a few changes lead to this catalog, so that it need not be collected whole.

        Raises CatalogError."""
        self._checked(head)
        if self._used is None or self._tip_version < self._long_version <= head.version:
            return False
        return 0 <= head.version - self._tip_version <= DELTAS_MAX

    def change(self, delta: CatalogDelta, now_utc_ms: int) -> Catalog | None:
        """Take the next change; the catalog that comes of it, once it holds and is trusted.

        Raises ContractError or CatalogError, and then nothing has changed."""
        if delta.version != self.next_version:
            return None
        if not self._key.has_signed(published_text(*self._names, delta), delta.signature):
            raise ContractError("CatalogDelta: not signed by this store")
        if decode_json(Change, bytes(delta.body), BODY).is_long:
            self._long_version = delta.version
            return None
        self._next = delta
        return self.time_passed(now_utc_ms)

    def time_passed(self, now_utc_ms: int) -> Catalog | None:
        """The next catalog, if a change waited for this hour. Raises CatalogError."""
        delta = self._next
        if delta is None or delta.effective_utc_ms > now_utc_ms:
            return None
        self._next = None
        self._step(delta)
        return self._adopt_tip()

    def trust_came(self, name: str, data: bytes) -> Catalog | CatalogHead | None:
        """Metadata of the store's files came: it may let a catalog be used that is here, or a head
        be collected that was held. Raises CatalogError."""
        if self._trust is None:
            return None
        self._trust.came(name, data)
        if (adopted := self._adopt_tip()) is not None:
            return adopted
        held = self._held
        if held is None or not self._is_trusted(held):
            return None
        self._held = None
        return held

    def next_chunk(self) -> tuple[str, str] | None:
        """(sha256, number) of a chunk to ask for, each once; None when all are asked for."""
        if self._head is None or not self._to_fetch:
            return None
        return self._head.sha256, str(self._to_fetch.popleft())

    def chunk(self, sha256: str, number: str, piece: bytes) -> Catalog | None:
        """Take one piece; the whole catalog once the last one is there. Raises CatalogError."""
        head = self._head
        if head is None or sha256 != head.sha256 or not piece:
            return None
        if not number.isdigit() or int(number) >= head.chunks:
            raise CatalogError(f"catalog: chunk {number} of {head.chunks}; publish it again")
        self._chunks[int(number)] = _unpacked(head, int(number), piece)
        if head.pieces:
            self._files.keep_piece(head.pieces[int(number)], piece)
        return self.finished()

    def finished(self) -> Catalog | None:
        """The catalog that is collected, once all its chunks are here. Raises CatalogError."""
        head = self._head
        if head is None or len(self._chunks) < head.chunks:
            return None
        data = b"".join(self._chunks[place] for place in range(head.chunks))
        self._head, self._chunks = None, {}
        catalog = self._whole(head, data)
        self._files.write(head, data)
        self._tip, self._next = None, None
        self._untold.clear()
        return self._use(head, catalog)

    @property
    def _tip_version(self) -> int:
        return self.version if self._tip is None else self._tip[0].version

    def _is_trusted(self, head: CatalogHead) -> bool:
        """Whether the metadata names this catalog; without a root of trust its signature does."""
        trust = self._trust
        return trust is None or trust.allows(TRUSTED_CATALOG, head.sha256, head.size_bytes)

    def _checked(self, head: CatalogHead) -> CatalogHead:
        if not self._key.has_signed(head_text(*self._names, head), head.signature):
            raise CatalogError("catalog: its head is not signed by this store; publish it again")
        if head.chunks != -(-head.size_bytes // CHUNK_BYTES_MAX):
            raise CatalogError(f"catalog: {head.chunks} chunks for {head.size_bytes} bytes")
        if len(head.pieces) not in {0, head.chunks}:
            raise CatalogError(f"catalog: {len(head.pieces)} hashes of {head.chunks} chunks")
        return head

    def _whole(self, head: CatalogHead, data: bytes) -> Catalog:
        if len(data) != head.size_bytes or hashlib.sha256(data).hexdigest() != head.sha256:
            raise CatalogError("catalog: its bytes are not what its head says; publish it again")
        catalog = parse_catalog(data)
        if catalog.version != head.version:
            raise CatalogError(f"catalog: version {catalog.version} under a head of {head.version}")
        return catalog

    def _step(self, delta: CatalogDelta, *, check: bool = True) -> None:
        """From the newest catalog here to the next, or CatalogError: never to a mixture."""
        before = self._used if self._tip is None else self._tip[1]
        assert before is not None, "a change follows a catalog"
        change = decode_json(Change, bytes(delta.body), BODY)
        head = change.head
        if head is None or head.version != delta.version:
            raise CatalogError(f"catalog: change {delta.version} has no head; publish it again")
        after = changed(before, change, delta.version)
        self._checked(head)
        if check and hashlib.sha256(canonical(after)).hexdigest() != head.sha256:
            raise CatalogError(
                f"catalog: change {delta.version} does not lead to what its head says"
            )
        self._tip = (head, after)
        self._untold.append(delta)

    def _restore(self, changes: Sequence[bytes], upto_version: int | None) -> None:
        """Make the changes that were in use again; the last hash proves them all."""
        deltas = [decode(CatalogDelta, line) for line in changes]
        if upto_version is not None:
            deltas = [delta for delta in deltas if delta.version <= upto_version]
        for number, delta in enumerate(deltas, 1):
            if delta.version == self._tip_version + 1:
                self._step(delta, check=number == len(deltas))
        self._untold.clear()
        if self._tip is not None:
            self._use(*self._tip)
            self._tip = None

    def _adopt_tip(self) -> Catalog | None:
        """Use the newest catalog here, where it may be used."""
        if self._tip is None or not self._is_trusted(self._tip[0]):
            return None
        head, catalog = self._tip
        if self._untold and not self._files.append(self._untold):
            self._files.write(head, canonical(catalog))
        self._tip = None
        self._untold.clear()
        return self._use(head, catalog)

    def _use(self, head: CatalogHead, catalog: Catalog) -> Catalog:
        self.version, self.sha256, self._used = head.version, head.sha256, catalog
        return catalog


def _unpacked(head: CatalogHead, number: int, piece: bytes) -> bytes:
    """A chunk as it was before it was packed; it is what the head promised, and never larger."""
    if not head.pieces:
        data = piece
    elif hashlib.sha256(piece).hexdigest() != head.pieces[number]:
        raise CatalogError(f"catalog: chunk {number} is not what the head says; publish it again")
    else:
        try:
            data = zlib.decompressobj().decompress(piece, CHUNK_BYTES_MAX + 1)
        except zlib.error as error:
            raise CatalogError(f"catalog: chunk {number}: {error}; publish it again") from error
    if len(data) > CHUNK_BYTES_MAX:
        raise CatalogError("catalog: a chunk that is too long; publish it again")
    return data
