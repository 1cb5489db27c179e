"""Files that survive a power cut: replaced whole or not at all, under names that last.

Cart and store share it, and several processes at once. It must never be asked to change a file in
place; whoever changes what he has read does both `alone`.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def replace_file(path: Path, data: bytes, like: os.stat_result | None = None) -> None:
    """Write a file that only its owner may read, or whoever may read one `like` it. Raises OSError.

    Several may write it at once: it is the whole of one of theirs. What a cut leaves, the next
    writer takes over."""
    fresh = path.with_name(path.name + ".new")
    with os.fdopen(_own(fresh), "wb") as file:
        if like is not None:
            os.fchown(file.fileno(), like.st_uid, like.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(like.st_mode))
        file.truncate()
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        fresh.replace(path)
    sync_folder(path.parent)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else who asks for this folder goes on meanwhile; the lock ends with its process."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _own(fresh: Path) -> int:
    """A handle of this file, which nobody else writes until it is closed."""
    while True:
        # Nobody else may read a secret, not even for the moment between making and closing it.
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):  # whoever we waited for has put it in its place
            if os.path.samestat(os.fstat(handle), fresh.stat()):
                return handle
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder as durable as the files."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
