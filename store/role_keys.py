"""The keys of the roles that sign the store's metadata: made, read, and held against its root.

It must never print a key, nor sign by one that the root does not name for the role.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.metadata import Root


class TrustFileError(ValueError):
    """A file of the signed metadata, or a role's key, can't be used; the text says which and what
    to do."""


def new_signer() -> CryptoSigner:
    """A key made now."""
    return _signer(Ed25519PrivateKey.generate())


def key_file(folder: Path, role: str) -> Path:
    """Where the key of a role lies."""
    return folder / f"{role}.pem"


def next_key_file(folder: Path, role: str) -> Path:
    """Where its next key lies until the root names it."""
    return folder / f"{role}.next.pem"


def signer_of(root: Root, role: str, *paths: Path) -> CryptoSigner:
    """The first of these keys that is the role's. Raises TrustFileError."""
    wrong = ""
    for path in paths:
        try:
            signer = _read(path)
        except (OSError, ValueError, TypeError) as error:
            wrong = wrong or f"{path}: {why(error)}"
            continue
        if signer.public_key.keyid in root.roles[role].keyids:
            return signer
        wrong = wrong or f"{path}: not the key of the role {role}"
    todo = f"replace it: python -m store rotate {role}" if role != "root" else "name it: --root-key"
    raise TrustFileError(f"{wrong}; bring back the key of this role, or {todo}")


def why(error: Exception) -> str:
    """What is wrong, without the path that stands beside it."""
    return str(getattr(error, "strerror", None) or error)


def _read(path: Path) -> CryptoSigner:
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("not an Ed25519 key")  # noqa: TRY004 - of the file, not of the caller
    return _signer(key)


def _signer(key: Ed25519PrivateKey) -> CryptoSigner:
    return CryptoSigner(key, SSlibKey.from_crypto(key.public_key()))
