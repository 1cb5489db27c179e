"""Runs another of our programs with its wall clock off by the milliseconds that a file names.

    python -m rig.faults.late FILE store run ...

The file is read at each look at the clock, so the clock can jump. Monotonic time stays as it is.
"""

from __future__ import annotations

import runpy
import sys
import time
from pathlib import Path


def main(arguments: list[str]) -> None:
    """Shift the clock, then become `python -m MODULE ARGUMENTS`."""
    file, module, *rest = arguments
    true_ns = time.time_ns

    def shifted_ns() -> int:
        return true_ns() + int(Path(file).read_text()) * 1_000_000

    time.time_ns = shifted_ns
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
