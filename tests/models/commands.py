"""`python -m models` run as a newcomer or a program would, and a picture of a code for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import zxingcpp
from zxingcpp import BarcodeFormat as Kind

from tests.data import ROOT

DRAWN = np.pad(
    np.asarray(zxingcpp.create_barcode("5201815331227", Kind.EAN13).to_image(scale=3), np.uint8),
    40,
    constant_values=255,
)


def models(*arguments: str | Path, status: int = 0, cwd: Path = ROOT) -> str:
    """Run the command and give its output, or its errors where it must fail."""
    command = [sys.executable, "-m", "models", *map(str, arguments)]
    here = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=cwd, env=here, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    return done.stderr if status else done.stdout


def lines(output: str) -> list[dict[str, Any]]:
    """The JSON objects of a command's output."""
    return [json.loads(line) for line in output.splitlines()]
