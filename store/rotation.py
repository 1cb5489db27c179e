"""Gives roles of the signed metadata new keys: for one that is lost, or that others may know.

The next root names them, signed by the root's key of before and of now, so carts that run follow by
themselves. What the other roles have signed gets the new key's signature beside the old one. A cut
leaves the old keys in force or the new ones. It must never replace a key before the next is kept.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from cart.contract.goods import ROOTS_MAX
from cart.files import alone, replace_file, sync_folder
from store.role_keys import TrustFileError, key_file, new_signer, next_key_file, signer_of
from store.trusted import LIVES, ROLES, ROOT_NAME, Repository, Role, now_utc


def rotate(repository: Repository, roles: Collection[str], root_key: Path | None = None) -> int:
    """Replace the keys of these roles; the version of the root that says so. `root_key` is where
    the root's key lies, if it was taken away. Raises TrustFileError."""
    folder = repository.folder
    with alone(folder):
        repository.keep_root()
        root = repository.read("root", Root)
        if root.signed.version > ROOTS_MAX:
            raise TrustFileError(f"{folder}: carts follow {ROOTS_MAX} replacements, and no more")
        paths = [key_file(folder, "root"), next_key_file(folder, "root")]
        of_root = signer_of(root.signed, "root", *([root_key] if root_key else paths))
        _settle(folder, root.signed)
        signers = {role: new_signer() for role in ROLES if role in roles}
        for role, signer in signers.items():
            replace_file(next_key_file(folder, role), signer.private_bytes)
        _sign_beside(repository, "targets", Targets, signers)
        _sign_beside(repository, "snapshot", Snapshot, signers)
        _sign_beside(repository, "timestamp", Timestamp, signers)
        return _begin(repository, root, of_root, signers)


def _settle(folder: Path, root: Root) -> None:
    """A cut came between the new root and its keys: they take their places now."""
    for role in ROLES:
        following = next_key_file(folder, role)
        if following.is_file():
            with suppress(TrustFileError):  # it was never named: its root was not signed
                signer_of(root, role, following)
                following.replace(key_file(folder, role))


def _sign_beside(
    repository: Repository, role: str, kind: type[Role], signers: dict[str, CryptoSigner]
) -> None:
    """Let a role's metadata count under the next root, too. The list must be there; the other two
    are signed anew from it."""
    if role not in signers:
        return
    try:
        stands = repository.read(role, kind)
    except TrustFileError:
        if role == "targets":
            raise
        return
    stands.sign(signers[role], append=True)
    replace_file(repository.folder / f"{role}.json", stands.to_bytes())


def _begin(
    repository: Repository,
    root: Metadata[Root],
    of_root: CryptoSigner,
    signers: dict[str, CryptoSigner],
) -> int:
    """Sign the root that names the new keys; from then on they count."""
    for role, signer in signers.items():
        for key_id in list(root.signed.roles[role].keyids):
            root.signed.revoke_key(key_id, role)
        root.signed.add_key(signer.public_key, role)
    root.signed.version += 1
    root.signed.expires = now_utc() + LIVES["root"]
    root.sign(of_root)
    if "root" in signers:
        root.sign(signers["root"], append=True)
    folder = repository.folder
    replace_file(folder / ROOT_NAME, root.to_bytes())
    repository.keep_root()
    for role in signers:
        next_key_file(folder, role).replace(key_file(folder, role))
    sync_folder(folder)
    return root.signed.version
