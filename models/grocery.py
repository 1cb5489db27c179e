"""GroceryStoreDataset on disk: which photo shows what, in which official split.

It must never look for a split that the data's folder does not hold.
"""

from __future__ import annotations

import csv
from pathlib import Path

from models.errors import ModelError

COLUMNS = ("path", "split", "fine_name", "coarse_name")


def labelled(data_dir: Path) -> list[dict[str, str]]:
    """The rows of DIR/grocery/labels.csv: path, split, fine_name, coarse_name, group and more."""
    labels = data_dir / "grocery" / "labels.csv"
    if not labels.is_file():
        raise ModelError(f"{labels} is absent; give the data's folder with --data")
    try:
        with labels.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as trouble:
        raise ModelError(f"{labels}: is no table of labels ({trouble}); restore it") from trouble
    if not rows or not all(row.get(name) for row in rows for name in COLUMNS):
        raise ModelError(f"{labels}: needs rows with {', '.join(COLUMNS)}; restore it")
    return rows
