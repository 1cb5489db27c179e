"""`python -m cart.eyes`: the camera process. Frames in, reads and sightings out to the cart."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from pathlib import Path

from cart.eyes.episodes import Episodes
from cart.eyes.link import CartLink
from cart.eyes.pipeline import Pipeline
from cart.eyes.sources import UnknownSourceError, source_opener
from cart.eyes.watch import Watch
from models.errors import ModelError
from models.gallery import Gallery
from models.reader import Reader
from models.recogniser import Recogniser


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    command = argparse.ArgumentParser(prog="python -m cart.eyes", description=__doc__)
    command.add_argument(
        "--source", metavar="KIND:PLACE", help="lens:SOCKET, folder:DIR, video:FILE or video:0"
    )
    command.add_argument("--socket", type=Path, metavar="PATH", help="the cart's socket for eyes")
    command.add_argument(
        "--gallery",
        type=Path,
        metavar="FILE",
        help="the products by look (see `python -m models enrol`); without it, codes only",
    )
    return command


def main() -> int:
    """Watch until told to end. Exit status 2: usage, 1: the camera is gone."""
    command = parser()
    arguments = command.parse_args()
    if arguments.source is None or arguments.socket is None:
        command.print_help()
        return 2
    try:
        source = source_opener(arguments.source)
        episodes = _episodes(arguments.gallery)
    except (UnknownSourceError, ModelError) as error:
        _complain(str(error))
        return 2 if isinstance(error, UnknownSourceError) else 1
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stopped.append(number))
    signal.signal(signal.SIGINT, lambda number, _frame: stopped.append(number))
    link = CartLink(arguments.socket, _complain)
    watch = Watch(source, Pipeline(Reader(), episodes), link, _monotonic_ms)
    ready = json.dumps({"ready": arguments.source})
    trouble = watch.run(lambda: bool(stopped), lambda: print(ready, flush=True))
    link.close()
    if trouble:
        _complain(trouble)
    return 1 if trouble else 0


def _episodes(gallery: Path | None) -> Episodes | None:
    if gallery is None:
        return None
    recogniser = Recogniser()
    return Episodes(recogniser, Gallery.load(gallery, recogniser.fingerprint))


def _complain(text: str) -> None:
    print(f"python -m cart.eyes: {text}", file=sys.stderr)


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


if __name__ == "__main__":
    sys.exit(main())
