"""The store's signed metadata for its files, by the roles of The Update Framework (python-tuf).

Four keys for four roles: root says which keys count, targets what the files are, snapshot which of
them belong together, timestamp that this is still so. The root's key is needed only to begin and
to replace keys (`store.rotation`): take `root.pem` away and keep it safe. A person's command and
the running service share the folder, one at a time. It must never sign what it did not make: a
file that is not signed as it should be is named, and left as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from cart.contract.goods import ROOTS_MAX, TRUST_BYTES_MAX
from cart.contract.lines import ContractError
from cart.files import alone, replace_file
from store.role_keys import TrustFileError, key_file, new_signer, next_key_file, signer_of, why

SIGNED_DAILY = ("targets", "snapshot", "timestamp")
ROLES = ("root", *SIGNED_DAILY)
LIVES = {
    "root": timedelta(days=3_650),
    "targets": timedelta(days=365),
    "snapshot": timedelta(days=365),
    "timestamp": timedelta(days=7),
}
LIST_SPARE_BYTES = 10_000  # for models, tables and sizes that grow
ROOT_NAME = "root.json"
TARGETS = "targets"  # the folder of the files that carts fetch
BRING_BACK = "bring it back from a backup; until then carts keep what they have"
Role = TypeVar("Role", Root, Targets, Snapshot, Timestamp)
Later = TypeVar("Later", Snapshot, Timestamp)
Files = tuple[tuple[str, bytes], ...]

log = logging.getLogger(__name__)


def now_utc() -> datetime:
    """The wall clock to the second, as the metadata has it."""
    return datetime.now(UTC).replace(microsecond=0)


class Repository:
    """The metadata in `folder`, begun if there is none. Give every cart its `root.json`. Whatever
    reads or signs raises TrustFileError where a file can't be used."""

    def __init__(self, folder: Path, clock: Callable[[], datetime] = now_utc) -> None:
        self.folder = folder
        self._clock = clock
        self._known: Files = ()
        self._due: datetime | None = None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with alone(self.folder):
            # Beside any of these a root that is missing was lost: the timestamp is begun last.
            if not any((*folder.glob(f"*{ROOT_NAME}"), *folder.glob("timestamp.json"))):
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
            targets = self.read("targets", Targets)
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

    def newest(self, new: Mapping[str, bytes]) -> Files:
        """Name these files too, and give what to bring to the carts. The first time and once a day
        all is signed anew: so it ends late, and stands above what carts have seen, also when the
        folder was brought back from a backup. A clock that is behind signs nothing anew."""
        with alone(self.folder):
            due = self._due or self._begun()
            is_due = self._clock() >= due
            if new or is_due or self._files() != self._known:
                self._publish(new, anew=is_due)
                self._due = self._begun() + timedelta(days=1) if is_due else due
                self._known = self._checked()
        return self._known

    def files(self) -> Files:
        """What to bring to the carts, each as it was signed."""
        with alone(self.folder):
            if not self._is_whole(self.read("targets", Targets).signed.version):
                raise TrustFileError(f"{self.folder}: half signed; the service signs the rest")
            return self._checked()

    def read(self, role: str, kind: type[Role], name: str = "") -> Metadata[Role]:
        """What stands under a role, signed as the root says; a root, as it says itself."""
        path = self.folder / (name or f"{role}.json")
        try:
            read: Metadata[Role] = Metadata.from_bytes(path.read_bytes())
            if not isinstance(read.signed, kind):
                raise TrustFileError(f"{path}: not the metadata of {role}; {BRING_BACK}")
            root = read.signed if isinstance(read.signed, Root) else self.read("root", Root).signed
            root.verify_delegate(role, read.signed_bytes, read.signatures)
        except (OSError, RepositoryError) as error:
            raise TrustFileError(f"{path}: {why(error)}; {BRING_BACK}") from error
        return read

    def keep_root(self) -> None:
        """Keep the root under its number, too, by which carts ask for the one after theirs."""
        version = self.read("root", Root).signed.version
        if not (kept := self.folder / f"{version}.{ROOT_NAME}").is_file():
            replace_file(kept, (self.folder / ROOT_NAME).read_bytes())

    def _files(self) -> Files:
        """As they are on the disk. The timestamp makes the others count; the roots come last, for a
        cart that follows them finds all else signed by the new keys."""
        roots = [f"{number}.{ROOT_NAME}" for number in range(2, 2 + ROOTS_MAX)]
        names = [*(f"{role}.json" for role in SIGNED_DAILY), *roots]
        paths = [self.folder / name for name in names]
        return tuple((path.name, path.read_bytes()) for path in paths if path.is_file())

    def _checked(self) -> Files:
        self.read("targets", Targets)
        self.read("snapshot", Snapshot)
        self.read("timestamp", Timestamp)
        files = self._files()
        for name, _ in files[len(SIGNED_DAILY) :]:
            self.read("root", Root, name)
        return files

    def _publish(self, files: Mapping[str, bytes], *, anew: bool = False) -> None:
        new = {name: TargetFile.from_data(name, files[name], ["sha256"]) for name in files}
        targets = self.read("targets", Targets)
        is_known = {**targets.signed.targets, **new} == targets.signed.targets
        if is_known and not anew and self._is_whole(targets.signed.version):
            return
        for role in SIGNED_DAILY:
            self._signer(role)  # all or nothing
        self.keep_root()
        targets.signed.targets.update(new)
        self._write("targets", targets)
        snapshot = self._read_or_begun("snapshot", Snapshot)
        snapshot.signed.meta["targets.json"] = MetaFile(targets.signed.version)
        self._write("snapshot", snapshot)
        self._say_still_so()

    def _is_whole(self, listed: int) -> bool:
        """Whether the last publishing came to its end: a cut leaves it half signed."""
        try:
            snapshot = self.read("snapshot", Snapshot).signed
            said = self.read("timestamp", Timestamp).signed.snapshot_meta.version
        except TrustFileError:
            return False
        return (said, snapshot.meta["targets.json"].version) == (snapshot.version, listed)

    def _say_still_so(self) -> None:
        timestamp = self._read_or_begun("timestamp", Timestamp)
        timestamp.signed.snapshot_meta = MetaFile(self.read("snapshot", Snapshot).signed.version)
        self._write("timestamp", timestamp)

    def _begun(self) -> datetime:
        """When the timestamp was signed; long ago, where that can't be read."""
        try:
            return self.read("timestamp", Timestamp).signed.expires - LIVES["timestamp"]
        except TrustFileError:
            return datetime.min.replace(tzinfo=UTC)

    def _read_or_begun(self, role: str, kind: type[Later]) -> Metadata[Later]:
        """Snapshot and timestamp say nothing that can't be said again: what a disk has spoilt of
        them is begun anew, and goes on by the time, above the list that they are signed with."""
        try:
            return self.read(role, kind)
        except TrustFileError as error:
            version = self.read("targets", Targets).signed.version
            log.warning("begun anew: %s", error)
            return Metadata(kind(version=version))

    def _begin(self) -> None:
        root, signers = Root(consistent_snapshot=False), {}
        for role in ROLES:
            signers[role] = signer = new_signer()
            replace_file(key_file(self.folder, role), signer.private_bytes)
            root.add_key(signer.public_key, role)
        self._sign("root", Metadata(root), signers["root"])
        self._sign("targets", Metadata(Targets()), signers["targets"])
        self._sign("snapshot", Metadata(Snapshot()), signers["snapshot"])
        self._sign("timestamp", Metadata(Timestamp()), signers["timestamp"])

    def _write(self, role: str, metadata: Metadata[Role]) -> None:
        # By the time, so that it goes on above what carts know also from a backup's state.
        by_time = int(self._clock().timestamp())
        metadata.signed.version = max(metadata.signed.version + 1, by_time)
        self._sign(role, metadata, self._signer(role))

    def _sign(self, role: str, metadata: Metadata[Role], signer: CryptoSigner) -> None:
        metadata.signed.expires = self._clock() + LIVES[role]
        metadata.sign(signer)
        replace_file(self.folder / f"{role}.json", metadata.to_bytes())

    def _signer(self, role: str) -> CryptoSigner:
        paths = key_file(self.folder, role), next_key_file(self.folder, role)
        return signer_of(self.read("root", Root).signed, role, *paths)
