"""Write the manifest of the shipped weights: `python -m models.train.seal`.

Run it after a weight file was made anew and measured; the package refuses files it does not list.
"""

from __future__ import annotations

import json

from models.weights_files import MANIFEST_NAME, WEIGHTS_DIR, fingerprint

SEALED_SUFFIXES = frozenset({".onnx", ".npz"})


def main() -> None:
    """Hash every weight file and write the manifest beside them."""
    files = sorted(path for path in WEIGHTS_DIR.iterdir() if path.suffix in SEALED_SUFFIXES)
    digests = {path.name: fingerprint(path.read_bytes()) for path in files}
    text = json.dumps({"sha256": digests}, indent=2)
    (WEIGHTS_DIR / MANIFEST_NAME).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
