"""`python -m cart fetch`: bring in the newest models and configuration that the store has signed.

python-tuf checks the metadata (roles, versions that only grow, ends that are not past, sizes that
are bounded) and each file; only what passed is put in its place, whole or not at all. What is
refused changes nothing and is said: here, and by cartd's telemetry. It must never start a program.
"""

from __future__ import annotations

import argparse
import fcntl
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from tuf.api.exceptions import (
    DownloadError,
    DownloadHTTPError,
    RepositoryError,
    SlowRetrievalError,
)
from tuf.api.metadata import Metadata, TargetFile, Targets
from tuf.ngclient import FetcherInterface, Updater

from cart.contract.lines import encode
from cart.contract.names import FILE_NAME
from cart.files import replace_file
from cart.mqtt import Endpoint, tls_context
from cart.shell.clock import monotonic_ms
from cart.shell.config import Config, ConfigError, FilesConfig, read
from cart.shell.fetched import Standing, say_standing, standing_in

QUIET_S_MAX = 30
FETCH_MS_MAX = 600_000  # as the unit's TimeoutStartSec: a store that drips is given up
PIECE_BYTES = 65_536


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `python -m cart fetch` takes."""
    parser.add_argument("--config", type=Path, required=True, help="the cart's TOML file")


def run(arguments: argparse.Namespace) -> int:
    """0: the newest stands; 1: it does not, and why. One line of JSON says what stands."""
    try:
        standing = fetch(*_needed(arguments.config, read(arguments.config)))
    except (ConfigError, OSError) as error:
        sys.stderr.write(f"fetch: {error}\n")
        return 1
    sys.stdout.write(encode(standing).decode())
    return 1 if standing.trouble else 0


def fetch(
    files: FilesConfig, endpoint: Endpoint, root: bytes, clock: Callable[[], int] = monotonic_ms
) -> Standing:
    """Bring the folder up to what the store has signed, and say what stands there now. Raises
    OSError where the folder itself can't be used."""
    files.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(files.folder):
        version, trouble = standing_in(files.folder).version, ""
        try:
            version = _bring(files, _FromStore(endpoint, clock), root)
        except (RepositoryError, DownloadError, HTTPException, OSError) as error:
            trouble = f"not taken: {error}"
        return say_standing(files.folder, version, trouble)


def _bring(files: FilesConfig, fetcher: FetcherInterface, root: bytes) -> int:
    """Fetch what differs, and only when all of it is here and right put it in its place; the
    version of the list that it came with."""
    metadata, arrived = files.folder / "metadata", files.folder / "arrived"
    for folder in (metadata, arrived):
        folder.mkdir(mode=0o700, exist_ok=True)
    url = f"{files.url.rstrip('/')}/trust/"
    updater = Updater(
        str(metadata), url, str(arrived), f"{url}targets/", fetcher, bootstrap=root
    )  # fmt: skip
    updater.refresh()
    # What the updater has kept has passed all its checks.
    listed: Metadata[Targets] = Metadata.from_file(str(metadata / "targets.json"))
    wanted = [
        target
        for name, target in listed.signed.targets.items()
        if re.fullmatch(FILE_NAME, name) and not _stands(updater, target, files.folder / name)
    ]
    brought = [(target.path, Path(updater.download_target(target))) for target in wanted]
    for name, path in brought:
        place = files.folder / name
        place.parent.mkdir(mode=0o700, exist_ok=True)
        replace_file(place, path.read_bytes())
        path.unlink()
    return listed.signed.version


def _stands(updater: Updater, target: TargetFile, path: Path) -> bool:
    return updater.find_cached_target(target, str(path)) is not None


def _needed(path: Path, config: Config) -> tuple[FilesConfig, Endpoint, bytes]:
    """What of a configuration is needed here. Raises ConfigError or OSError."""
    broker, root = config.broker, config.trust_root
    if config.files is None or broker is None or not broker.endpoint().is_encrypted or not root:
        raise ConfigError(f"{path}: fetching needs [files], trust_root and [broker] with TLS files")
    return config.files, broker.endpoint(), root.read_bytes()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """A timer and a person may come at once: one after the other."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class _FromStore(FetcherInterface):
    """Gets a file by HTTPS, both sides known by certificate; python-tuf bounds its size."""

    def __init__(self, endpoint: Endpoint, clock: Callable[[], int]) -> None:
        self._context = tls_context(endpoint)
        self._clock = clock
        self._end_ms = clock() + FETCH_MS_MAX

    def _fetch(self, url: str) -> Iterator[bytes]:
        address = urlsplit(url)
        ends = (address.hostname or "", address.port or 443)
        connection = HTTPSConnection(*ends, timeout=QUIET_S_MAX, context=self._context)
        with closing(connection):
            connection.request("GET", address.path)
            answer = connection.getresponse()
            if answer.status != 200:
                raise DownloadHTTPError(f"{address.path}: {answer.status}", answer.status)
            while piece := answer.read1(PIECE_BYTES):
                if self._clock() > self._end_ms:
                    raise SlowRetrievalError(f"{address.path}: too slow, given up")
                yield piece
