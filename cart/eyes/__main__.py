"""`python -m cart.eyes`: the camera process. Frames in, reads and sightings out to the cart."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from cart.eyes.clips import ClipKeeper
from cart.eyes.episodes import Episodes
from cart.eyes.link import CartLink
from cart.eyes.pipeline import Pipeline
from cart.eyes.sources import UnknownSourceError, source_opener
from cart.eyes.sources.settings import add_arguments as add_settings
from cart.eyes.sources.settings import settings_of
from cart.eyes.watch import Watch
from models.errors import ModelError
from models.gallery import Gallery
from models.reader import Reader
from models.recogniser import Recogniser


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    command = argparse.ArgumentParser(prog="python -m cart.eyes", description=__doc__)
    command.add_argument(
        "--source",
        metavar="KIND:PLACE",
        help="picamera:WORD of its id or model, video:/dev/v4l/by-id/…, video:FILE, folder:DIR or "
        "lens:SOCKET; a cart with two cameras runs this command twice",
    )
    command.add_argument(
        "--camera", metavar="NAME", default="", help="its name to the cart, where there are two"
    )
    command.add_argument("--socket", type=Path, metavar="PATH", help="the cart's socket for eyes")
    command.add_argument(
        "--gallery",
        type=Path,
        metavar="FILE",
        help="the products by look (see `python -m models enrol`); without it, codes only",
    )
    command.add_argument(
        "--clips",
        type=Path,
        metavar="DIR",
        help="keep veiled clips of what the cart asks about here (see docs/eyes.md); without it, "
        "no picture ever reaches a disk",
    )
    add_settings(command)
    return command


def main() -> int:
    """Watch until told to end, or to a recording's end. Exit status 2: usage, 1: the camera is
    gone."""
    command = parser()
    arguments = command.parse_args()
    if arguments.source is None or arguments.socket is None:
        command.print_help()
        return 2
    try:
        source = source_opener(arguments.source, settings_of(arguments))
        episodes = _episodes(arguments.gallery)
        clips = ClipKeeper(arguments.clips, _wall_ms, _complain) if arguments.clips else None
    except (UnknownSourceError, ModelError, OSError) as error:
        _complain(str(error))
        return 2 if isinstance(error, UnknownSourceError) else 1
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stopped.append(number))
    signal.signal(signal.SIGINT, lambda number, _frame: stopped.append(number))
    link = CartLink(arguments.socket, _complain)
    watch = Watch(
        source, Pipeline(Reader(), episodes, clips), link, _monotonic_ms, camera=arguments.camera
    )
    ready = json.dumps({"ready": arguments.source})
    trouble = watch.run(lambda: bool(stopped), lambda: print(ready, flush=True))
    link.close()
    if trouble:
        _complain(trouble)
        _leave(1)
    return 0


def _episodes(gallery: Path | None) -> Episodes | None:
    if gallery is None:
        return None
    recogniser = Recogniser()
    return Episodes(recogniser, Gallery.load(gallery, recogniser.fingerprint))


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def _leave(status: int) -> NoReturn:
    """End now: a camera's library that hangs must not keep the process that is to come back."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _complain(text: str) -> None:
    print(f"python -m cart.eyes: {text}", file=sys.stderr)


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


if __name__ == "__main__":
    sys.exit(main())
