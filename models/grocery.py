"""GroceryStoreDataset on disk: which photo shows what, in which official split.

It must never look for a split that the data's folder does not hold.
"""

from __future__ import annotations

import csv
from pathlib import Path

from models.errors import ModelError


def labelled(data_dir: Path) -> list[dict[str, str]]:
    """The rows of DIR/grocery/labels.csv: path, split, fine_name, coarse_name, group and more."""
    labels = data_dir / "grocery" / "labels.csv"
    if not labels.is_file():
        raise ModelError(f"{labels} is absent; give the data's folder with --data")
    with labels.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
