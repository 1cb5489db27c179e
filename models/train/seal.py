"""Write the manifest of weight files: `python -m models.train.seal [DIR]`.

Run it after a weight file was made anew and measured; files that the manifest does not list are
refused. It must never run by itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from models.weights_files import WEIGHTS_DIR, seal


def main() -> None:
    """Seal the folder."""
    parser = argparse.ArgumentParser(prog="python -m models.train.seal", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=WEIGHTS_DIR, metavar="DIR")
    seal(parser.parse_args().folder)


if __name__ == "__main__":
    main()
