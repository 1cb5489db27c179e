"""The screens: one `.py` and one `.kv` each. A screen shows the page its presenter made."""

from __future__ import annotations

from pathlib import Path

from kivy.lang import Builder


def load_kv(module_file: str) -> None:
    """Load the `.kv` beside a screen's module."""
    Builder.load_file(str(Path(module_file).with_suffix(".kv")))
