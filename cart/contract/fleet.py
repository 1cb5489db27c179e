"""What a store and a cart say about the cart as a machine: orders, settings, health, certificates.

An order and the settings are signed like a pairing, so neither a broker nor a neighbour can lock a
cart. No message here names a shopper.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from cart.contract.names import Count, FileName, Name, Pem, Sha256, Signature, Version, Words
from cart.core.value import Value

Setting = str | int | bool
Settings = Annotated[dict[Name, Setting], Meta(max_length=100)]
# The words of AWS IoT Jobs, as an operator of fleets knows them.
CommandStatus = Literal["queued", "in_progress", "succeeded", "failed", "timed_out", "rejected"]
# A cart remembers each order until it expires, so none may be good for longer.
COMMAND_LIFETIME_MS_MAX = 31 * 86_400_000
ENDED: frozenset[CommandStatus] = frozenset(("succeeded", "failed", "timed_out", "rejected"))


class Command(Value):
    """Down: do this once, until `expires_utc_ms`. `signature` is over `signing.command_text`.

    The same `cmd_id` again is answered with how it went, and never done twice: a cart remembers it
    until then. So it may be good for `COMMAND_LIFETIME_MS_MAX` at most, and a cart that has no room
    to remember another one answers "queued" and does nothing."""

    cmd_id: Name
    action: Name
    expires_utc_ms: int
    signature: Signature
    arguments: Annotated[dict[Name, Words], Meta(max_length=20)] = field(default_factory=dict)


class CommandState(Value):
    """Up: how far a command is; `detail` is for a person."""

    cmd_id: Name
    status: CommandStatus
    detail: Words = ""


class DesiredConfig(Value):
    """Down, retained: how the cart shall be set, whole. `signature`: `signing.config_text`."""

    version: Version
    settings: Settings
    signature: Signature


class ReportedConfig(Value):
    """Up, retained: how the cart is set. `refused` says why a setting was not taken."""

    version: Count
    settings: Settings
    refused: dict[Name, Words] = field(default_factory=dict)


class Telemetry(Value):
    """Up, may be lost: how the machine is. None: it has no such part. `files` are the signed files
    of the store as they stand on it, `files_version` that of the list they came with, and
    `files_trouble` why a newer one was not taken; `trust_trouble` says why what it goes by may not
    be the store's newest."""

    uptime_ms: Count
    battery_percent: Annotated[int, Meta(ge=0, le=100)] | None = None
    signal_dbm: int | None = None
    frames_per_minute: Count | None = None
    frames_dropped: Count = 0
    inputs_refused: Count = 0
    files_version: Count = 0
    files: dict[FileName, Sha256] = field(default_factory=dict)
    files_trouble: Words = ""
    trust_trouble: Words = ""


class ClipNote(Value):
    """Up: the veiled clip with this hash, which I have just put to the store, is my `clip_id`, kept
    for this reason; the film itself never travels this way."""

    clip_id: Name
    reason: Name
    sha256: Sha256
    size_bytes: Count


class CertificateRequest(Value):
    """Up: sign this request; its key was made on the cart and stays there.

    Sent under a claim that opens nothing else, or under the cart's own name to renew."""

    request: Pem


class CertificateAnswer(Value):
    """Down: the certificate for the request with this hash (of its PEM), or why there is none."""

    request_sha256: Sha256
    certificate: Pem = ""
    authority: Pem = ""
    reason: Words = ""
