"""The small words of the store's contract: names, nonces, hashes, signatures, and their limits.

Every message is built of these, so a bound stands in one place. It must never know a message.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from cart.core.value import END

Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+" + END)]
Shopper = Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_.-]*" + END)]  # "": a guest
FILE_NAME = r"(models|configuration)/[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"
FileName = Annotated[str, Meta(pattern=rf"^{FILE_NAME}{END}")]
Nonce = Annotated[str, Meta(min_length=8, max_length=128, pattern=r"^[\x21-\x7e]+" + END)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}" + END)]
Signature = Annotated[str, Meta(max_length=200, description="Ed25519, base64")]
Words = Annotated[str, Meta(max_length=2_000)]
Pem = Annotated[str, Meta(max_length=16_000, description="PEM")]
Version = Annotated[int, Meta(ge=1)]
Count = Annotated[int, Meta(ge=0)]
EPOCH_MAX = 2**62  # each is followed by another, and that is no number beyond 63 bits
Epoch = Annotated[int, Meta(ge=1, le=EPOCH_MAX)]
# Up to the year 5138: what a cart counts on from it still has a date.
UtcMs = Annotated[int, Meta(ge=0, le=100_000_000_000_000)]
LocalOffsetMs = Annotated[int, Meta(ge=-86_400_000, le=86_400_000)]
