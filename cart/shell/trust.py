"""What the store's signed metadata (The Update Framework) says the newest files are.

python-tuf checks it: signatures by role, versions that only grow, ends that are not past, sizes
that are bounded. What was seen last stays on the disk, so an old state can't come back after a
restart. It must never fetch by itself: the link gives it what the broker brought.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tuf.api.exceptions import DownloadHTTPError, RepositoryError
from tuf.api.metadata import Metadata, Targets, Timestamp
from tuf.ngclient import FetcherInterface, Updater

from cart.contract.goods import ROOTS_MAX, TRUST_BYTES_MAX
from cart.core.catalog import CatalogError
from cart.shell.config import Config

NEEDED = ("timestamp.json", "snapshot.json", "targets.json")
NAMES = frozenset((*NEEDED, *(f"{number}.root.json" for number in range(2, 2 + ROOTS_MAX))))
BASE = "mqtt://store/"
Named = tuple[str, int]  # SHA-256 in hexadecimal, and how many bytes


class Trust:
    """Metadata of one store, beginning with its root (`root.json`), kept in `folder`."""

    def __init__(self, folder: Path, root: bytes) -> None:
        self._folder = folder
        self._root = root
        self._files: dict[str, bytes] = {}
        self._targets: dict[str, Named] = {}
        self.ends_utc_ms = 0  # of what is known; 0: nothing yet
        self.refused = ""  # what was wrong with what came last
        for each in (folder, folder / "targets"):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)

    def came(self, name: str, data: bytes) -> None:
        """A file of metadata came. Raises CatalogError, and then what was known stays."""
        if name not in NAMES:
            raise self._refusal(f"{name[:100]}: not a file of metadata")
        if len(data) > TRUST_BYTES_MAX:
            raise self._refusal(f"{name}: {len(data)} bytes; at most {TRUST_BYTES_MAX} are taken")
        self._files[name] = data
        if all(needed in self._files for needed in NEEDED):
            self._check()

    def allows(self, target: str, sha256: str, size_bytes: int) -> bool:
        """Whether this is the newest file under a name, as far as is known."""
        return self.named(target) == (sha256, size_bytes)

    def named(self, target: str) -> Named | None:
        """The newest file under a name; None if there is none."""
        return self._targets.get(target)

    @property
    def names(self) -> frozenset[str]:
        """Every name that there is."""
        return frozenset(self._targets)

    def bring_back(self) -> None:
        """Believe again what was known last, if it still holds. Raises CatalogError."""
        for name in NEEDED:
            path = self._folder / name
            if not path.is_file():
                raise CatalogError(f"trust: no {name} came yet; let the cart go online once")
            self.came(name, path.read_bytes())

    def _refusal(self, why: str) -> CatalogError:
        """Keep what was wrong, for the cart's health."""
        self.refused = f"trust: {why}"
        return CatalogError(self.refused)

    def _check(self) -> None:
        updater = Updater(
            str(self._folder), BASE, str(self._folder / "targets"), BASE, _Brought(self._files),
            bootstrap=self._root,
        )  # fmt: skip
        try:
            updater.refresh()
        except (RepositoryError, DownloadHTTPError) as error:
            raise self._refusal(f"{error}; the store publishes it again") from error
        self.refused = ""
        # What the updater has kept has passed all its checks.
        checked: Metadata[Targets] = Metadata.from_file(str(self._folder / "targets.json"))
        self._targets = {
            name: (target.hashes["sha256"], target.length)
            for name, target in checked.signed.targets.items()
        }
        still_so: Metadata[Timestamp] = Metadata.from_file(str(self._folder / "timestamp.json"))
        self.ends_utc_ms = round(still_so.signed.expires.timestamp() * 1_000)


def trust_of(config: Config) -> Trust | None:
    """The trust that a configuration demands; None without a root."""
    if config.trust_root is None:
        return None
    return Trust(config.data_folder / "trust", config.trust_root.read_bytes())


class _Brought(FetcherInterface):
    """Gives python-tuf the files that were brought, and no others."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = urlsplit(url).path.strip("/")
        if name not in self._files:
            raise DownloadHTTPError(f"{name} did not come", 404)
        return iter((self._files[name],))
