"""What the commands of every room share: checks of what was given, and how an error is said.

An error is one line on stderr; a program that asked for `--json` reads it on stdout, too, as
`{"error": ...}`. It must never know a command.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from msgspec import json

NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
ENDPOINT = re.compile(r"(.+):([0-9]{1,5})")
DECIMAL = re.compile(r"[0-9]{1,9}([.][0-9]{1,9})?")
JSON = "--json"
# What moves a cursor, or turns the direction of writing, instead of showing.
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Parser(argparse.ArgumentParser):
    """Ends with status 2 for what can't be, said as JSON, too, where `--json` is among it."""

    _given: Sequence[str] = ()

    def parse_known_args(  # type: ignore[override]  # typeshed has overloads for what is passed on
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Remember what was given; the parser of a sub-command gets what follows its name."""
        self._given = sys.argv[1:] if args is None else list(args)
        return super().parse_known_args(self._given, namespace)

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        if JSON in self._given:
            _say_json(message)
        super().error(_as_utf8(message))


def plain(text: str) -> str:
    """Text of others as a terminal may have it: what would act on the terminal is taken out."""
    return CONTROLS.sub("", _as_utf8(text))


def _as_utf8(text: str) -> str:
    """A byte of the command line that is no text, as an escape."""
    return text.encode("utf-8", "backslashreplace").decode()


def say_error(program: str, error: Exception | str, *, as_json: bool) -> None:
    """One line on stderr, whatever the error has; with `as_json` one object on stdout, too."""
    line = " ".join(str(error).split())
    if as_json:
        _say_json(line)
    sys.stderr.write(f"{program}: {plain(line)}\n")


def _say_json(line: str) -> None:
    sys.stdout.write(json.encode({"error": _as_utf8(line)}).decode() + "\n")
    sys.stdout.flush()


def words(text: str) -> str:
    """Text that can be kept and printed."""
    if "\0" in text or text.encode("utf-8", "replace").decode() != text:
        raise argparse.ArgumentTypeError(f"{text!r}: write it in UTF-8")
    return text


def name(text: str) -> str:
    """The name of a chain, a store, a cart or a shopper, as it stands in a topic."""
    if not NAME.fullmatch(text) or not text.strip("."):
        raise argparse.ArgumentTypeError(f"{text!r}: up to 64 letters, digits, _ . -")
    return text


def endpoint(text: str) -> tuple[str, int]:
    """A host and its port."""
    found = ENDPOINT.fullmatch(text)
    if not found or not 0 < int(found[2]) < 65_536:
        raise argparse.ArgumentTypeError(f"{text!r}: write host:port")
    return found[1], int(found[2])


def file(text: str) -> Path:
    """A file that is there."""
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"{text}: no such file")
    return Path(text)


def folder(text: str) -> Path:
    """A folder, there or to be made: nothing on the way to it is a file."""
    path = _to_make(text)
    there = next(each for each in (path, *path.absolute().parents) if each.exists())
    if not there.is_dir():
        raise argparse.ArgumentTypeError(f"{text}: {there} is no folder")
    return path


def new_file(text: str) -> Path:
    """A file to write: its folder is there, and it is none itself."""
    path = _to_make(text)
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text}: name a file in a folder that is there")
    return path


def _to_make(text: str) -> Path:
    """Who makes a file names it so that everybody can say its name."""
    if not text or not text.isprintable():
        raise argparse.ArgumentTypeError(f"{text!r}: write a path of letters that can be printed")
    return Path(text)


def new_link(text: str) -> Path:
    """A symbolic link to make, perhaps over an old one; never over anything else."""
    path = new_file(text)
    if path.exists() and not path.is_symlink():
        raise argparse.ArgumentTypeError(f"{text}: it is there and no symbolic link")
    return path


def decimal(least: float, most: float) -> Callable[[str], float]:
    """A number within bounds."""

    def checked(text: str) -> float:
        if not DECIMAL.fullmatch(text) or not least <= float(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r}: a number from {least:g} to {most:g}")
        return float(text)

    return checked


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number within bounds."""

    def checked(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r}: a whole number from {least} to {most}")
        return int(text)

    return checked
