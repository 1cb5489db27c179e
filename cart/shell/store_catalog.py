"""Takes in the store's catalog: signed head, then chunks, then one file, whole or not at all.

What is not signed by this store, too large, older, or not what its head says is refused, and the
catalog in use stays. The file is checked again when it is read: a disk is no more to be trusted
than a network. It must never publish, and never change a catalog in use.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import deque
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from cart.contract.goods import CHUNK_BYTES_MAX, TRUSTED_CATALOG, CatalogHead
from cart.contract.lines import ContractError, encode
from cart.contract.signing import head_text
from cart.contract.store import decode
from cart.core.catalog import Catalog, CatalogError, parse_catalog
from cart.files import replace_file
from cart.shell.config import ConfigError
from cart.shell.trust import Trust

FILE_NAME = "catalog.signed"


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
        self._path = folder / FILE_NAME
        self._trust = trust
        self._held: CatalogHead | None = None
        self.version = 0
        self.sha256 = ""
        self._head: CatalogHead | None = None
        self._chunks: dict[int, bytes] = {}
        self._to_fetch: deque[int] = deque()

    def restore(self) -> Catalog | None:
        """The catalog of the last run, None if there is none. Raises CatalogError."""
        try:
            line, _, data = self._path.read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CatalogError(
                f"{self._path}: {error.strerror}; remove it, the store sends it again"
            ) from error
        try:
            head = self._checked(decode(CatalogHead, line))
        except ContractError as error:
            raise CatalogError(f"{self._path}: {error}") from error
        return self._adopt(head, data)

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
        self._head = head
        self._to_fetch = deque(each for each in range(head.chunks) if each not in self._chunks)
        return True

    def trust_came(self, name: str, data: bytes) -> bool:
        """Metadata of the store's files came; True: a head that was held may be collected now.

        Raises CatalogError."""
        if self._trust is None:
            return False
        self._trust.came(name, data)
        held = self._held
        if held is None or not self._is_trusted(held):
            return False
        self._held = None
        return self.offer(held)

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
        if len(piece) > CHUNK_BYTES_MAX:
            raise CatalogError(f"catalog: a chunk of {len(piece)} bytes; publish it again")
        self._chunks[int(number)] = piece
        if len(self._chunks) < head.chunks:
            return None
        data = b"".join(self._chunks[place] for place in range(head.chunks))
        self._head, self._chunks = None, {}
        return self._adopt(head, data, keep=True)

    def _is_trusted(self, head: CatalogHead) -> bool:
        """Whether the metadata names this catalog; without a root of trust its signature does."""
        trust = self._trust
        return trust is None or trust.allows(TRUSTED_CATALOG, head.sha256, head.size_bytes)

    def _checked(self, head: CatalogHead) -> CatalogHead:
        if not self._key.has_signed(head_text(*self._names, head), head.signature):
            raise CatalogError("catalog: its head is not signed by this store; publish it again")
        if head.chunks != -(-head.size_bytes // CHUNK_BYTES_MAX):
            raise CatalogError(f"catalog: {head.chunks} chunks for {head.size_bytes} bytes")
        return head

    def _adopt(self, head: CatalogHead, data: bytes, *, keep: bool = False) -> Catalog:
        if len(data) != head.size_bytes or hashlib.sha256(data).hexdigest() != head.sha256:
            raise CatalogError("catalog: its bytes are not what its head says; publish it again")
        catalog = parse_catalog(data)
        if catalog.version != head.version:
            raise CatalogError(f"catalog: version {catalog.version} under a head of {head.version}")
        if keep:
            self._write(head, data)
        self.version, self.sha256 = head.version, head.sha256
        return catalog

    def _write(self, head: CatalogHead, data: bytes) -> None:
        try:
            replace_file(self._path, encode(head) + data)
        except OSError as error:
            raise CatalogError(f"{self._path}: {error.strerror}; make room on the disk") from error
