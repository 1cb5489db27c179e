"""The store's signed files as they stand on this cart: one small file, from `cart fetch` to cartd.

It must never say of a file what was hoped for: what stands is what the disk holds.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import msgspec

from cart.contract.lines import ContractError, decode, encode
from cart.contract.names import FILE_NAME, Count, FileName, Sha256, Words
from cart.core.value import Value
from cart.files import replace_file

STANDING = "standing.json"
KINDS = ("models", "configuration")
TROUBLE_CHARACTERS = 500


class Standing(Value):
    """`version` is that of the signed list that was brought in whole last."""

    version: Count = 0
    files: dict[FileName, Sha256] = msgspec.field(default_factory=dict)
    trouble: Words = ""


def standing_in(folder: Path) -> Standing:
    """What was said last of a folder; nothing stands in one that nobody filled."""
    try:
        said: Standing = decode(Standing, (folder / STANDING).read_bytes(), STANDING)
    except FileNotFoundError:
        return Standing()
    except (OSError, ContractError) as error:
        return Standing(trouble=str(error)[:TROUBLE_CHARACTERS])
    return said


def say_standing(folder: Path, version: int, trouble: str = "") -> Standing:
    """Say what the folder holds now. Raises OSError."""
    placed = {f"{kind}/{path.name}": path for kind in KINDS for path in (folder / kind).glob("*")}
    files = {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in sorted(placed.items())
        if re.fullmatch(FILE_NAME, name) and not name.endswith(".new")  # of a cut, never of a fetch
    }
    standing = Standing(version, files, trouble[:TROUBLE_CHARACTERS])
    replace_file(folder / STANDING, encode(standing))
    return standing
