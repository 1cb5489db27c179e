"""The store's own key: made on the first run, kept to its owner, and the one hand that signs.

The private key never leaves its file; `store.pub` beside it goes to every cart. It must never
decide what is worth signing.
"""

from __future__ import annotations

import base64
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from cart.files import alone, replace_file

KEY_NAME = "store.key"
PUBLIC_NAME = "store.pub"


class KeyFileError(ValueError):
    """The key file can't be used; the text says which and what to do."""


class Signer:
    """Signs with the Ed25519 key of one PEM file."""

    def __init__(self, path: Path) -> None:
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except OSError as error:
            raise KeyFileError(f"{path}: {error.strerror}; give an Ed25519 key as PEM") from error
        except (ValueError, TypeError) as error:
            raise KeyFileError(f"{path}: no private key in PEM; give an Ed25519 key") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyFileError(f"{path}: not an Ed25519 key; give one as PEM")
        self._key = key

    @property
    def public_pem(self) -> bytes:
        """The key that carts check with, as PEM."""
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, text: bytes) -> str:
        """The signature under a text of `cart.contract.signing`, in base64."""
        return base64.b64encode(self._key.sign(text)).decode()

    def has_signed(self, text: bytes, signature: str) -> bool:
        """Whether a signature is this key's, under this text."""
        return PublicKey(self.public_pem).has_signed(text, signature)


class PublicKey:
    """Checks what a store has signed, by its public key."""

    def __init__(self, pem: bytes) -> None:
        try:
            key = load_pem_public_key(pem)
        except ValueError as error:
            raise KeyFileError(
                f"{PUBLIC_NAME}: no public key in PEM; give an Ed25519 key"
            ) from error
        if not isinstance(key, Ed25519PublicKey):
            raise KeyFileError(f"{PUBLIC_NAME}: not an Ed25519 key; give one as PEM")
        self._key = key

    def has_signed(self, text: bytes, signature: str) -> bool:
        """Whether a signature in base64 is this key's, under this text."""
        try:
            self._key.verify(base64.b64decode(signature), text)
        except (InvalidSignature, ValueError):
            return False
        return True


def public_of(folder: Path) -> PublicKey:
    """The public key of a store's folder. Raises KeyFileError."""
    try:
        return PublicKey((folder / PUBLIC_NAME).read_bytes())
    except OSError as error:
        raise KeyFileError(f"{error}; the store writes it as it first runs") from error


def signer_of(folder: Path, key_file: Path | None = None) -> Signer:
    """The signer of a store's folder; its key is made if there is none. `key_file` overrides it.

    Writes `store.pub` into the folder. Raises KeyFileError.
    """
    path = key_file or folder / KEY_NAME
    with alone(folder):
        if key_file is None and not path.exists():
            _make(path)
        signer = Signer(path)
        (folder / PUBLIC_NAME).write_bytes(signer.public_pem)
    return signer


def _make(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    replace_file(path, pem)
