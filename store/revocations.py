"""The list of certificates that were taken back, as it is now: read again whenever it changes.

A door that stands open for weeks must shut out at once whoever `store revoke` names. It must never
let anybody in because the list can't be read.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509


class Revocations:
    """That in a file (crl.pem), for any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[tuple[int, int], frozenset[int]] = ((0, 0), frozenset())

    def hold(self, serial_number: int) -> bool:
        """Whether this certificate was taken back. Raises OSError or ValueError."""
        stands = self._path.stat()
        now = (stands.st_mtime_ns, stands.st_ino)
        known, serials = self._read
        if now != known:
            listed = x509.load_pem_x509_crl(self._path.read_bytes())
            serials = frozenset(entry.serial_number for entry in listed)
            self._read = (now, serials)
        return serial_number in serials
