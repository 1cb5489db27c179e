"""The clips that the store asked its carts for: addresses that serve once, and how long clips stay.

An address carries the store's signature and is a file until a clip has come; then it is gone. Every
file about a clip is called CART-MADE-NUMBER.*: when it was made, and by which address it came. It
must never take a clip that nobody asked for, nor keep one longer than its reason allows.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

from msgspec import json

from cart.contract import clips
from cart.contract.fleet import ClipNote
from cart.core.value import Value
from cart.files import replace_file
from store.kept import Kept
from store.keys import Signer

FOLDER = "clips"
HOUR_MS = 3_600_000
VALID_MS = HOUR_MS
NOTES_LATE_MAX = 5  # a cart that says nonsense must not have us read all day
# How old a clip gets, by why it was asked for; a reason that is not here keeps nothing.
RETENTION_HOURS = {"dispute": 72, "loss": 48, "quality": 24}
# A clip, its note, and what a cut has left of either.
MADE = re.compile(r"(?P<cart>.+)-(?P<utc_ms>[0-9]{1,18})-[^-]+")


class Refusal(Exception):  # noqa: N818 - it says what it is
    """A clip is not taken: `status` is HTTP's, the text says why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Opening(Value):
    """One address: which cart may put a clip there, why, and until when."""

    cart: str
    reason: str
    expires_utc_ms: int


class ClipDesk:
    """The openings and clips in a store's folder of data. `utc_ms` is the wall clock."""

    def __init__(self, data: Path, signer: Signer, utc_ms: Callable[[], int]) -> None:
        self._folder = data / FOLDER
        self._signer = signer
        self._utc_ms = utc_ms
        self._openings = Kept(Opening)
        self._swept_utc_ms = 0
        for each in ("open", "taking", *RETENTION_HOURS):
            (self._folder / each).mkdir(mode=0o700, parents=True, exist_ok=True)

    def recover(self) -> None:
        """After a crash: the addresses of what did not come serve again."""
        for left in (self._folder / "taking").iterdir():
            self._taken(left.stem)

    def open(self, cart: str, reason: str, base_url: str) -> str:
        """A new address under `base_url` (https://host:port) for one clip of one cart."""
        number = secrets.token_hex(16)
        opening = Opening(cart, reason, self._utc_ms() + VALID_MS)
        replace_file(self._path("open", number), json.encode(opening))
        query = urlencode({"signature": self._signer.sign(_text(number, opening))})
        return f"{base_url.rstrip('/')}/clips/{number}?{query}"

    def check(self, cart: str, number: str, signature: str) -> Opening:
        """Whether this cart may put a clip here now. Raises Refusal."""
        path = self._path("open", number)
        opening = self._openings.read(path) if number.isalnum() else None
        if opening is None:
            raise Refusal(410, "this address was used, or never was")
        # Ed25519 signs the same text always alike.
        true = self._signer.sign(_text(number, opening))
        if not hmac.compare_digest(true.encode(), signature.encode()) or cart != opening.cart:
            raise Refusal(403, "this address is not for you")
        if self._utc_ms() > opening.expires_utc_ms:
            raise Refusal(410, "this address is too old; the store asks again")
        return opening

    @contextmanager
    def taking(self, number: str) -> Iterator[None]:
        """Nobody else uses the address meanwhile; it serves again if the clip did not come."""
        before, meanwhile = self._path("open", number), self._path("taking", number)
        try:
            before.rename(meanwhile)
        except FileNotFoundError as error:
            raise Refusal(410, "this address is in use, or was used") from error
        try:
            yield
        finally:
            self._taken(number)

    def _taken(self, number: str) -> None:
        """What counts is whether the clip lies here: where its taker died says nothing."""
        meanwhile = self._path("taking", number)
        came = any(self._folder.glob(f"*/*-{number}.webp"))
        meanwhile.unlink() if came else meanwhile.rename(self._path("open", number))

    def keep(self, number: str, opening: Opening, name: str, data: bytes) -> Path:
        """Keep the clip that its cart calls `name`. Raises Refusal for what is none, or too old."""
        if not clips.is_clip(data):
            raise Refusal(422, "these bytes are no WebP")
        now_ms = self._utc_ms()
        made_ms, hours = clips.made_utc_ms(name, now_ms), RETENTION_HOURS[opening.reason]
        if now_ms - made_ms > hours * HOUR_MS:
            raise Refusal(410, f"made too long ago: for {opening.reason}, {hours} hours at most")
        path = self._folder / opening.reason / f"{opening.cart}-{made_ms}-{number}.webp"
        replace_file(path, data)
        return path

    def noted(self, cart: str, note: ClipNote) -> bool:
        """A cart says which of its clips it has put here: kept beside the clip. False if none of
        that cart's last, of those without a note, is these bytes."""
        named = [
            (MADE.fullmatch(path.name), path) for path in self._folder.glob(f"*/{cart}-*.webp")
        ]
        of_cart = sorted(
            (int(name["utc_ms"]), path) for name, path in named if name and name["cart"] == cart
        )
        unnoted = [path for _, path in of_cart if not path.with_suffix(".json").exists()]
        for path in unnoted[-NOTES_LATE_MAX:]:
            with suppress(FileNotFoundError):  # swept meanwhile
                if hashlib.sha256(path.read_bytes()).hexdigest() == note.sha256:
                    replace_file(self._dated(path, note).with_suffix(".json"), json.encode(note))
                    return True
        return False

    def _dated(self, path: Path, note: ClipNote) -> Path:
        """A clip of an older cart, which did not say with it when it was made."""
        cart, made_ms, rest = path.name.rsplit("-", 2)
        earlier_ms = clips.made_utc_ms(note.clip_id, int(made_ms))
        return path.rename(path.with_name(f"{cart}-{earlier_ms}-{rest}"))

    def sweep_hourly(self) -> None:
        """Forget old clips if that was not done lately. The store's service and its HTTPS door both
        do: whichever of them runs, no clip stays."""
        if abs(self._utc_ms() - self._swept_utc_ms) >= HOUR_MS:  # the clock may be set back
            self.sweep()

    def sweep(self) -> None:
        """Forget clips that would be older than their reason allows before the next look, and
        openings that are over."""
        now_ms = self._swept_utc_ms = self._utc_ms()
        for reason, hours in RETENTION_HOURS.items():
            for path in (self._folder / reason).iterdir():
                made = MADE.fullmatch(path.name)
                if made is None:
                    self._openings.pass_by(path, "no clip that came by our door")
                elif now_ms - int(made["utc_ms"]) > (hours - 1) * HOUR_MS:
                    path.unlink(missing_ok=True)
        for path in (self._folder / "open").glob("*.json"):
            opening = self._openings.read(path)
            if opening is not None and now_ms > opening.expires_utc_ms:
                path.unlink(missing_ok=True)  # used, or swept by the other process, at this moment

    def _path(self, folder: str, number: str) -> Path:
        return self._folder / folder / f"{number}.json"


def _text(number: str, opening: Opening) -> bytes:
    return b"clip address\n" + json.encode([number, opening])
