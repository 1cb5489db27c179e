"""Where the pictures and recordings are that are not ours to publish; it must never copy them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def data_dir() -> Path:
    """Return the folder of test data: $DASHCART_DATA, or ../shared/data beside the checkout."""
    folder = Path(os.environ.get("DASHCART_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.fail(
            f"no test data in {folder}: set DASHCART_DATA to the folder that holds it",
            pytrace=False,
        )
    return folder
