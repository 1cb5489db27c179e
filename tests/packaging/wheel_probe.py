"""Runs inside the empty environment: imports what the wheel installed and opens its files.

Prints one JSON object {"modules": [paths], "opened": {kind: [names]}}; it must never import from
a checkout, so it is started with -I (no current folder, no PYTHON* variables).
"""

from __future__ import annotations

import importlib
import importlib.resources
import json
import sys
from collections.abc import Callable, Iterator
from gettext import GNUTranslations
from importlib.resources.abc import Traversable
from io import BytesIO
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from cart.core.catalog import parse_catalog


def _open_network(content: bytes) -> None:
    onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])


def _open_arrays(content: bytes) -> None:
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        list(arrays.values())


def _open_picture(content: bytes) -> None:
    Image.open(BytesIO(content)).load()


def _open_screen(content: bytes) -> None:
    if not content.decode("utf-8").strip():
        raise ValueError("an empty screen")


OPENERS: dict[str, Callable[[bytes], object]] = {
    "json": json.loads,
    "kv": _open_screen,
    "mo": lambda content: GNUTranslations(BytesIO(content)),
    "npz": _open_arrays,
    "onnx": _open_network,
    "png": _open_picture,
}


def _files(folder: Traversable) -> Iterator[Traversable]:
    """Yield every file below a folder."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files(entry)
        else:
            yield entry


def main() -> None:
    """Read the catalog, import the packages, and open every file of theirs by its kind.

    The first argument is the catalog's path, the others name the packages.
    """
    parse_catalog(Path(sys.argv[1]).read_bytes())
    modules: list[str | None] = []
    opened: dict[str, list[str]] = {}
    for name in sys.argv[2:]:
        modules.append(importlib.import_module(name).__file__)
        for file in _files(importlib.resources.files(name)):
            kind = file.name.rpartition(".")[2]
            if kind in OPENERS:
                OPENERS[kind](file.read_bytes())
                opened.setdefault(kind, []).append(str(file))
    json.dump({"modules": modules, "opened": opened}, sys.stdout)


if __name__ == "__main__":
    main()
