"""The store's signed metadata for its files, by the roles of The Update Framework (python-tuf).

Four keys for four roles: root says which keys count, targets what the files are, snapshot which of
them belong together, timestamp that this is still so. The root's key is needed only to begin and
to replace keys: take `root.pem` away and keep it safe. A person's command and the running service
share the folder, one at a time. It must never sign what it did not make.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from cart.contract.goods import TRUST_BYTES_MAX
from cart.contract.lines import ContractError
from cart.files import alone, replace_file
from store.keys import KeyFileError

ROLES = ("root", "targets", "snapshot", "timestamp")
LIVES = {
    "root": timedelta(days=3_650),
    "targets": timedelta(days=365),
    "snapshot": timedelta(days=365),
    "timestamp": timedelta(days=7),
}
LIST_SPARE_BYTES = 10_000  # for models, tables and sizes that grow
ROOT_NAME = "root.json"
TARGETS = "targets"  # the folder of the files that carts fetch
Role = TypeVar("Role", Root, Targets, Snapshot, Timestamp)


def now_utc() -> datetime:
    """The wall clock to the second, as the metadata has it."""
    return datetime.now(UTC).replace(microsecond=0)


class Repository:
    """The metadata in `folder`, begun if there is none. Give every cart its `root.json`."""

    def __init__(self, folder: Path, clock: Callable[[], datetime] = now_utc) -> None:
        self.folder = folder
        self._clock = clock
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with alone(self.folder):
            if not (folder / ROOT_NAME).exists():
                self._begin()

    def give(self, name: str, data: bytes) -> None:
        """Publish a file, and keep it for the carts to fetch."""
        path = self.folder / TARGETS / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with alone(self.folder):
            replace_file(path, data)
            self._publish({name: data})

    def publish(self, name: str, data: bytes) -> None:
        """From now on this is the file under this name; the same one again changes nothing."""
        self.publish_all({name: data})

    def publish_all(self, files: Mapping[str, bytes]) -> None:
        """The same for several at once."""
        with alone(self.folder):
            self._publish(files)

    def check_room(self, names: Collection[str]) -> None:
        """Refuse a list of files that would have these names too and be longer than carts take: it
        would be signed, and no cart would hear of anything newer. Raises ContractError."""
        with alone(self.folder):
            targets = self._read("targets", Targets)
        for name in names:
            targets.signed.targets.setdefault(name, TargetFile.from_data(name, b"", ["sha256"]))
        size_bytes, most = len(targets.to_bytes()), TRUST_BYTES_MAX - LIST_SPARE_BYTES
        if size_bytes > most:
            raise ContractError(
                f"the signed list of {len(targets.signed.targets)} files would have {size_bytes}"
                f" bytes, and carts take {most}; nothing is changed"
            )

    def say_still_so(self) -> None:
        """Sign the timestamp anew: without this, carts doubt after a week."""
        with alone(self.folder):
            self._say_still_so()

    def renew_daily(self) -> bool:
        """Sign the timestamp anew if it is a day old; whether it was."""
        with alone(self.folder):
            ends = self._read("timestamp", Timestamp).signed.expires
            is_old = ends - self._clock() < LIVES["timestamp"] - timedelta(days=1)
            if is_old:
                self._say_still_so()
        return is_old

    def files(self) -> tuple[tuple[str, bytes], ...]:
        """What to bring to the carts, in this order: the timestamp makes the others count."""
        names = [f"{role}.json" for role in ("targets", "snapshot", "timestamp")]
        with alone(self.folder):
            return tuple((name, (self.folder / name).read_bytes()) for name in names)

    def _publish(self, files: Mapping[str, bytes]) -> None:
        new = {name: TargetFile.from_data(name, files[name], ["sha256"]) for name in files}
        targets = self._read("targets", Targets)
        if {**targets.signed.targets, **new} == targets.signed.targets and self._is_whole():
            return
        targets.signed.targets.update(new)
        self._write("targets", targets)
        snapshot = self._read("snapshot", Snapshot)
        snapshot.signed.meta["targets.json"] = MetaFile(targets.signed.version)
        self._write("snapshot", snapshot)
        self._say_still_so()

    def _is_whole(self) -> bool:
        """Whether the last publishing came to its end: a cut leaves it half signed."""
        snapshot = self._read("snapshot", Snapshot)
        said = self._read("timestamp", Timestamp).signed.snapshot_meta.version
        listed = snapshot.signed.meta["targets.json"].version
        newest = self._read("targets", Targets).signed.version
        return (said, listed) == (snapshot.signed.version, newest)

    def _say_still_so(self) -> None:
        timestamp = self._read("timestamp", Timestamp)
        snapshot = self._read("snapshot", Snapshot)
        timestamp.signed.snapshot_meta = MetaFile(snapshot.signed.version)
        self._write("timestamp", timestamp)

    def _begin(self) -> None:
        root = Root(consistent_snapshot=False)
        for role in ROLES:
            key = Ed25519PrivateKey.generate()
            signer = CryptoSigner(key, SSlibKey.from_crypto(key.public_key()))
            replace_file(self.folder / f"{role}.pem", signer.private_bytes)
            root.add_key(signer.public_key, role)
        self._sign("targets", Metadata(Targets()))
        self._sign("snapshot", Metadata(Snapshot()))
        self._sign("timestamp", Metadata(Timestamp()))
        self._sign("root", Metadata(root))  # last: now it is whole

    def _read(self, role: str, kind: type[Role]) -> Metadata[Role]:
        read: Metadata[Role] = Metadata.from_file(str(self.folder / f"{role}.json"))
        assert isinstance(read.signed, kind), "each role has its file"
        return read

    def _write(self, role: str, metadata: Metadata[Role]) -> None:
        # By the time, so that it goes on above what carts know also from a backup's state.
        by_time = int(self._clock().timestamp())
        metadata.signed.version = max(metadata.signed.version + 1, by_time)
        self._sign(role, metadata)

    def _sign(self, role: str, metadata: Metadata[Role]) -> None:
        metadata.signed.expires = self._clock() + LIVES[role]
        metadata.sign(self._signer(role))
        replace_file(self.folder / f"{role}.json", metadata.to_bytes())

    def _signer(self, role: str) -> CryptoSigner:
        path = self.folder / f"{role}.pem"
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError) as error:
            raise KeyFileError(f"{path}: {error}; bring back the key of this role") from error
        assert isinstance(key, Ed25519PrivateKey), "we made it"
        return CryptoSigner(key, SSlibKey.from_crypto(key.public_key()))
