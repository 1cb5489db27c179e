"""`python -m cart trusted`: whether a file is the newest that the store has signed under a name.

For models and configuration, before a program takes them up: what is older, altered, or signed by
nobody known, is refused, and so is everything once the store's word is more than a week old. It
reads what the running cart has kept, and asks nobody.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

from cart.core.catalog import CatalogError
from cart.shell.config import ConfigError, read
from cart.shell.trust import trust_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--config", type=Path, required=True, help="the cart's configuration")
    parser.add_argument("name", help="as it was signed: models/reader.onnx")
    parser.add_argument("file", type=Path, help="what is to be taken up")


def run(arguments: argparse.Namespace) -> int:
    """0: it is; 1 and one line on stderr: it is not, and why."""
    name, file = arguments.name, arguments.file
    try:
        trust = trust_of(read(arguments.config))
        if trust is None:
            raise ConfigError(f"{arguments.config}: trust_root is missing; name the store's")
        trust.bring_back()
        data = file.read_bytes()
    except (ConfigError, CatalogError, OSError) as error:
        sys.stderr.write(f"trusted: {error}\n")
        return 1
    if not trust.allows(name, hashlib.sha256(data).hexdigest(), len(data)):
        sys.stderr.write(f"trusted: {file} is not the newest {name} that the store signed\n")
        return 1
    return 0
