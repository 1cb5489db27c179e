"""What a cart may fetch by HTTPS: the signed metadata, and the models and configuration it names.

Private keys lie in the same folder, so a request names a file by a pattern of its own, never by a
path. It must never give anything else.
"""

from __future__ import annotations

import re
from pathlib import Path

from cart.contract.names import FILE_NAME
from store.asked import TRUST
from store.clips import Refusal
from store.trusted import TARGETS

GIVEN = re.compile(
    rf"/{TRUST}/((?:[0-9]{{1,6}}\.root|timestamp|snapshot|targets)\.json|{TARGETS}/{FILE_NAME})"
)


def file_of(data: Path, path: str) -> Path:
    """The file that a request's path means, of the store in the folder `data`. Raises Refusal."""
    found = GIVEN.fullmatch(path)
    if found is None or not (file := data / TRUST / found[1]).is_file():
        raise Refusal(404, "nothing to fetch here")
    return file
