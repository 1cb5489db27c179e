"""Starts the touchscreen: `python -m ui --socket PATH`, or `python -m ui texts` for its words.

Arguments are read, and the environment made fit, before kivy is imported. Exit status: 0 ended,
1 the words are not in order, 2 wrong usage, 3 nothing can be drawn on this machine.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from cart.contract.lines import SOCKET_PATH_BYTES_MAX, ContractError
from ui.environment import NoScreenError, open_window, prepare
from ui.look import THEMES
from ui.texts import LANGUAGES

NO_SCREEN_STATUS = 3
SIZE = re.compile(r"(\d{3,4})x(\d{3,4})")


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    command = argparse.ArgumentParser(prog="python -m ui", description="The cart's touchscreen.")
    source = command.add_mutually_exclusive_group()
    source.add_argument("--socket", type=socket_path, help="the cart's Unix socket for screens")
    source.add_argument("--replay", type=file, help="show kept snapshots instead (JSON Lines)")
    command.add_argument(
        "--pace",
        dest="pace_ms",
        type=int,
        default=1_000,
        metavar="MS",
        help="for each snapshot of a replay",
    )
    command.add_argument("--size", type=size, default=(1280, 800), help="pixels, such as 1280x800")
    command.add_argument("--theme", choices=sorted(THEMES), default="light")
    command.add_argument("--language", choices=LANGUAGES, default="en")
    command.add_argument("--pictures", type=folder, help="folder of product pictures, NAME.png")
    command.add_argument("--shots", type=Path, help="save a picture of each screen entered here")
    command.add_argument("--finger", type=socket_path, help="make a socket for a test rig's finger")
    commands = command.add_subparsers(dest="command", metavar="texts")
    texts = commands.add_parser("texts", help="collect and compile the words (needs Babel)")
    texts.add_argument("--check", action="store_true", help="only say what is not in order")
    return command


def size(text: str) -> tuple[int, int]:
    """Read "1280x800"."""
    match = SIZE.fullmatch(text)
    if not match or min(map(int, match.groups())) < 320:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; give such as 1280x800")
    return int(match[1]), int(match[2])


def socket_path(text: str) -> Path:
    """Read the path of a Unix socket."""
    if len(text.encode()) > SOCKET_PATH_BYTES_MAX:
        raise argparse.ArgumentTypeError(
            f"a socket's path has at most {SOCKET_PATH_BYTES_MAX} bytes"
        )
    return Path(text)


def file(text: str) -> Path:
    """Read the path of a file that is there."""
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"no file {text!r}")
    return Path(text)


def folder(text: str) -> Path:
    """Read the path of a folder that is there."""
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"no folder {text!r}")
    return Path(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    command = parser()
    arguments = command.parse_args(argv)
    if arguments.command == "texts":
        return keep_texts(arguments.check)
    if not (arguments.socket or arguments.replay):
        command.error("give --socket PATH of a cart, or --replay FILE")
    return show(arguments)


def keep_texts(check: bool) -> int:
    """Write the catalogs of words, or only check them."""
    try:
        from ui.texts import catalogs
    except ModuleNotFoundError as error:
        print(f"ui: {error}; install Babel, or dashcart[dev]", file=sys.stderr)
        return 1
    if not check:
        catalogs.update()
    found = catalogs.complaints(catalogs.template())
    print("\n".join(found) or "ui: every sentence has its words")
    return 1 if found else 0


def show(arguments: argparse.Namespace) -> int:
    """Open the window and run until it is closed."""
    try:
        prepare(*arguments.size)
        open_window()
        from ui.app import CartScreen, Options

        options = {name: getattr(arguments, name) for name in Options.__dataclass_fields__}
        CartScreen(Options(**options)).run()
    except NoScreenError as error:
        print(f"ui: {error}", file=sys.stderr)
        return NO_SCREEN_STATUS
    except (OSError, ContractError) as error:
        print(f"ui: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
