"""The broker's access list as the store keeps it beside crl.pem: who was taken back is shut out.

`store broker` begins it, and each command that gives a name or takes one back writes it anew; a
person copies both files to the broker, which may be another machine. It must never give anybody
more than the table of channels does.
"""

from __future__ import annotations

from pathlib import Path

from cart.contract.broker import shut_out
from cart.files import alone, replace_file
from store.authority import Authority
from store.provisioning import Provisioning

NAME = "dashcart.acl"


class AccessList:
    """That of one authority."""

    def __init__(self, authority: Authority, provisioning: Provisioning) -> None:
        self.path: Path = authority.folder / NAME
        self._provisioning = provisioning

    def begin(self, text: str) -> bytes:
        """Keep what is given to everybody, and give it back with who is shut out."""
        with alone(self.path.parent):  # somebody else may take back another name meanwhile
            data = shut_out(text, self._provisioning.shut_out()).encode()
            replace_file(self.path, data)
        return data

    def renew(self) -> bool:
        """Write it anew; whether it is another one now. An older store began none."""
        if not self.path.is_file():
            return False
        before = self.path.read_bytes()
        return self.begin(before.decode()) != before
