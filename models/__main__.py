"""The eyes' commands: `python -m models` and one of read, score, recognise, enrol, evaluate,
train, look."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2

from models.errors import ModelError

SEED_MAX = 1_000_000
DATA_DIR = Path(os.environ.get("DASHCART_DATA", "../shared/data"))


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(prog="python -m models", description=__doc__)
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    _add_read(commands.add_parser("read", help="read the barcodes of every picture in a folder"))

    score = commands.add_parser("score", help="compare the reads of a folder with its labels")
    score.add_argument("folder", type=_folder, metavar="DIR")
    score.add_argument("--labels", type=_file, required=True, metavar="FILE", help="labels.csv")
    score.add_argument("--json", action="store_true", help="the figures as one JSON object")
    score.add_argument(
        "--cross-validate",
        action="store_true",
        help="only the likelihood's threshold: chosen on all folders but one, judged on that one",
    )

    recognise = commands.add_parser("recognise", help="say what every photo in a folder shows")
    recognise.add_argument("folder", type=_folder, metavar="DIR", help="searched recursively")
    recognise.add_argument("--jsonl", action="store_true", help="one JSON object a photo")
    _add_gallery(recognise)
    _add_look(recognise)

    enrol = commands.add_parser("enrol", help="make a gallery of DIR/<label>/* photos")
    help_text = "a photo's label is the folder around it, however deep that lies"
    enrol.add_argument("folder", type=_folder, metavar="DIR", help=help_text)
    enrol.add_argument("--out", type=Path, required=True, metavar="FILE", help=".npz to write")
    enrol.add_argument(
        "--calibrate",
        type=_folder,
        metavar="DIR",
        help="held-out photos of the same labels, to choose temperature and unknown similarity",
    )
    _add_look(enrol)

    evaluate = commands.add_parser("evaluate", help="figures on GroceryStoreDataset")
    evaluate.add_argument("--split", choices=["val", "train"], default="val")
    evaluate.add_argument("--data", type=_folder, default=DATA_DIR, metavar="DIR")
    evaluate.add_argument(
        "--out", type=Path, default=Path("out/evaluate"), metavar="DIR",
        help="pictures of the figures (default: %(default)s)",
    )  # fmt: skip
    _add_gallery(evaluate)
    _add_look(evaluate)

    _add_train(commands.add_parser("train", help="make weights from photos (extra train)"))
    _add_view(commands.add_parser("look", help="show what the eyes see, to aim a camera"))
    return top


def _add_train(train: argparse.ArgumentParser) -> None:
    source = train.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=_folder, metavar="DIR", help="the folder with grocery/")
    source.add_argument("--list", type=_file, metavar="FILE", help="path,label lines; no others")
    help_text = "with --data: learn from val too, for a recipe that val has chosen; no report"
    train.add_argument("--final", action="store_true", help=help_text)
    train.add_argument("--out", type=Path, required=True, metavar="DIR", help="weights and report")
    help_text = "default: none up to 8 labels, few below 12 photos a label, or many"
    train.add_argument("--recipe", choices=["many", "few", "quick"], help=help_text)
    train.add_argument("--seed", type=_seed, default=0, metavar="N", help="default: %(default)s")
    train.add_argument("--cache", type=Path, metavar="DIR", help="default: DIR of --out, cache/")
    train.add_argument("--text", action="store_true", help="keep the words on the packs too")


def _add_look(command: argparse.ArgumentParser) -> None:
    help_text = "a network of `train` (default: the shipped one); its classes lie beside it"
    command.add_argument("--weights", type=_file, metavar="FILE", help=help_text)
    command.add_argument("--text", action="store_true", help="read the packs too (extra ocr)")


def _add_view(look: argparse.ArgumentParser) -> None:
    look.add_argument("source", metavar="SOURCE", help="a picture, a folder, a video, a camera (0)")
    look.add_argument(
        "--out", type=Path, default=Path("look.png"), metavar="FILE", help="default: %(default)s"
    )
    look.add_argument(
        "--views", type=int, default=6, choices=range(1, 13), metavar="1..12",
        help="of a folder or a video (default: %(default)s)",
    )  # fmt: skip
    look.add_argument("--follow", action="store_true", help="write anew twice a second, for ever")
    look.add_argument("--window", action="store_true", help="show it too, where OpenCV can")
    _add_gallery(look)


def _add_read(read: argparse.ArgumentParser) -> None:
    read.add_argument("folder", type=_folder, metavar="DIR", help="searched recursively")
    read.add_argument("--jsonl", action="store_true", help="one JSON object a picture")
    read.add_argument(
        "--budget-ms",
        type=_milliseconds,
        metavar="N",
        help="leave out stages of reading that would exceed it (default: none is left out)",
    )
    read.add_argument(
        "--catalog",
        type=_catalog,
        default=frozenset(),
        metavar="FILE",
        help="text, a GTIN of 8 to 14 digits a line: may confirm a code, never invents one",
    )


def _add_gallery(command: argparse.ArgumentParser) -> None:
    help_text = "a gallery of `enrol` (default: the classes of the weights)"
    command.add_argument("--gallery", type=_file, metavar="FILE", help=help_text)


def main() -> int:
    """Run one command; the exit status is 1 if a file of ours cannot be used, 2 without one."""
    command = parser()
    arguments = command.parse_args()
    if arguments.command is None:
        command.print_help(sys.stderr)
        return 2
    if arguments.command == "train" and arguments.final and arguments.list:
        command.error("--final goes with --data: a list is learned whole")
    cv2.setNumThreads(1)
    try:
        for line in _lines(arguments):
            print(line, flush=True)
    except ModelError as trouble:
        print(f"models: {trouble}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of our output has seen enough; Python must not flush into the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _lines(arguments: argparse.Namespace) -> Iterator[str]:
    """The output of the command; only now are zxing-cpp or onnxruntime loaded."""
    if arguments.command in {"read", "score"}:
        from models import code_commands as codes

        run = {"read": codes.read_command, "score": codes.score_command}
    elif arguments.command == "look":
        from models import viewfinder

        run = {"look": viewfinder.look_command}
    elif arguments.command == "train":
        try:
            from models.train.command import train_command
        except ImportError as absent:
            reason = f"train needs its extra ({absent.name}): pip install 'dashcart[train]'"
            raise ModelError(reason) from absent

        run = {"train": train_command}
    else:
        from models import look_commands as looks

        run = {
            "recognise": looks.recognise_command,
            "enrol": looks.enrol_command,
            "evaluate": looks.evaluate_command,
        }
    return run[arguments.command](arguments)


def _milliseconds(text: str) -> float:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of milliseconds above 0")
    return float(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) > SEED_MAX:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of 0 to {SEED_MAX}")
    return int(text)


def _catalog(text: str) -> frozenset[str]:
    from models.code_commands import read_catalog

    try:
        return read_catalog(_file(text))
    except ValueError as trouble:
        raise argparse.ArgumentTypeError(str(trouble)) from trouble


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a folder")
    return path


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"{text} is not a file")
    return path


if __name__ == "__main__":
    sys.exit(main())
