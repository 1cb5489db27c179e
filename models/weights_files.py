"""Weight files, shipped or trained by a shop, checked against the manifest beside them before use.

A file that differs from its `manifest.json` by one bit is refused by name: a damaged network
answers confidently and wrongly.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from models.errors import ModelError

WEIGHTS_DIR = Path(__file__).parent / "weights"
MANIFEST_NAME = "manifest.json"
EMBEDDING_NAME = "look.onnx"
GALLERY_NAME = "look.npz"
SEALED_SUFFIXES = frozenset({".onnx", ".npz"})


def verified(path: Path) -> bytes:
    """The bytes of a weight file, if the manifest beside it vouches for them; else `ModelError`."""
    content = _content(path)
    expected = _manifest(path.with_name(MANIFEST_NAME)).get(path.name)
    if expected is None:
        raise ModelError(
            f"{path}: not in {MANIFEST_NAME} beside it; run python -m models.train.seal"
        )
    if fingerprint(content) != expected:
        raise ModelError(
            f"{path}: damaged or foreign, its sha256 is not the manifest's; restore it"
        )
    return content


def seal(folder: Path) -> None:
    """Write the manifest of a folder's weight files: what lies there now is what is meant."""
    files = sorted(path for path in folder.iterdir() if path.suffix in SEALED_SUFFIXES)
    digests = {path.name: fingerprint(path.read_bytes()) for path in files}
    text = json.dumps({"sha256": digests}, indent=2)
    (folder / MANIFEST_NAME).write_text(text + "\n", encoding="utf-8")


def fingerprint(content: bytes) -> str:
    """The sha256 of a file's content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as trouble:
        raise ModelError(f"{path}: cannot be read ({trouble.strerror}); restore it") from trouble


def _manifest(path: Path) -> dict[str, str]:
    try:
        table = json.loads(_content(path))
        return {str(name): str(digest) for name, digest in table["sha256"].items()}
    except (ValueError, TypeError, KeyError, AttributeError) as trouble:
        raise ModelError(f"{path}: is no manifest of weight files; restore it") from trouble
