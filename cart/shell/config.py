"""Reads the cart's configuration: one TOML file into one frozen value, or a clear ConfigError.

Unknown keys are errors: a misspelt key must never be silently ignored. Paths are relative to the
file that names them. docs/hardware.md lists the keys.
"""

from __future__ import annotations

import ssl
from codecs import BOM_UTF8
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from cart.contract.lines import SOCKET_PATH_BYTES_MAX
from cart.contract.names import Name
from cart.contract.store import BROKER, RESERVED, is_reserved
from cart.core.value import END, Value
from cart.mqtt import Dialect, Endpoint

TcpPort = Annotated[int, Meta(ge=1, le=65_535)]
Baud = Annotated[int, Meta(ge=300, le=4_000_000)]
Framing = Annotated[str, Meta(pattern=r"^[78][NEO][12]" + END)]


class ConfigError(ValueError):
    """The configuration can't be used; the text names the file, the key and what to do."""


class Section(Value, forbid_unknown_fields=True):
    """The base: an immutable table of the file; a key that it doesn't know is an error."""


class ScaleConfig(Section):
    """`port` is the path of the device, `driver` a name of firmware_bridge.scales.

    `baud` and `framing` replace what is usual for that driver on a serial port.
    """

    port: Path
    driver: str = "chip"
    calibration: Path | None = None
    baud: Baud | None = None
    framing: Framing | None = None


class ScannerConfig(Section):
    """`port` is the path of the device, `driver` a name of firmware_bridge.scanners.

    `baud` only matters for a serial one, which ends its reads with CR or LF.
    """

    port: Path
    baud: Baud = 115_200
    driver: str = "serial"


class BrokerConfig(Section):
    """Where the store's MQTT broker listens, and the TLS files that make the cart known there.

    All three of `ca`, `certificate` and `key`, or none: plain text, which only loopback may use.
    `mqtt` is "3.1.1" for a broker that has no MQTT 5.
    """

    host: str = "127.0.0.1"
    port: TcpPort = 8_883
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    mqtt: Dialect = "5"

    def __post_init__(self) -> None:
        self.endpoint()

    def endpoint(self) -> Endpoint:
        """The same for a connection. Raises ValueError for TLS by halves or plain text afar."""
        return Endpoint(self.host, self.port, self.ca, self.certificate, self.key, self.mqtt)


class FilesConfig(Section):
    """Where the store's signed models and configuration are fetched from (`store clips`, by HTTPS
    with the certificate of `[broker]`), and the folder that they stand in."""

    url: str
    folder: Path

    def __post_init__(self) -> None:
        if not self.url.startswith("https://"):
            raise ValueError("files.url is not of the kind https://host:port")


class Config(Section):
    """Everything a cart is told before it starts. A missing section is a missing device.

    `store_public_key` is the store's Ed25519 key (PEM), needed with a broker. `trust_root` is the
    store's `trust/root.json`: with it a catalog must also be the newest by signed metadata.
    `clips_folder` is where the eyes keep clips: the store may ask for one (docs/eyes.md).
    `catalog_file` is an unsigned catalog for a cart without a store. `data_folder` holds journal,
    catalog and trips."""

    cart_id: Name
    tenant: Name
    store: Name
    data_folder: Path
    screen_socket: Path
    eyes_socket: Path
    scale: ScaleConfig | None = None
    scanner: ScannerConfig | None = None
    broker: BrokerConfig | None = None
    files: FilesConfig | None = None
    store_public_key: Path | None = None
    trust_root: Path | None = None
    catalog_file: Path | None = None
    clips_folder: Path | None = None
    recording: bool = True

    def __post_init__(self) -> None:
        if is_reserved(self.cart_id):
            raise ValueError(
                f"cart_id {self.cart_id!r}: {', '.join((BROKER, *RESERVED))} name something else in"
                " every store; call the cart otherwise, such as cart-1"
            )
        if self.broker and not self.store_public_key:
            raise ValueError(
                "store_public_key is needed with a broker: the file of its Ed25519 key"
            )
        for key in ("screen_socket", "eyes_socket"):
            if len(bytes(getattr(self, key))) > SOCKET_PATH_BYTES_MAX:
                raise ValueError(
                    f"{key} is longer than {SOCKET_PATH_BYTES_MAX} bytes; use a shorter path"
                )


def load(path: Path) -> Config:
    """Read `path` and look for its files. Raises ConfigError: the file, the key, what to do."""
    config = read(path)
    _check_files(path, config)
    if config.broker:
        _check_tls(path, config.broker)
    return config


def read(path: Path) -> Config:
    """Read `path` alone, whatever its files are. Raises ConfigError."""
    folder = path.resolve().parent

    def read_path(kind: type, value: object) -> Path:
        assert kind is Path, f"no configuration key holds a {kind}"
        if not isinstance(value, str) or not value:
            raise ValueError("a path is a text that isn't empty")
        return folder / value

    try:
        data = path.read_bytes().removeprefix(BOM_UTF8)
        return msgspec.toml.decode(data, type=Config, dec_hook=read_path)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; give a file that can be read") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}; docs/hardware.md lists the keys") from error


def _check_files(path: Path, config: Config) -> None:
    broker, scale = config.broker or BrokerConfig(), config.scale
    named = {
        "store_public_key": config.store_public_key,
        "trust_root": config.trust_root,
        "catalog_file": config.catalog_file,
        "scale.calibration": scale.calibration if scale else None,
        "broker.ca": broker.ca,
        "broker.certificate": broker.certificate,
        "broker.key": broker.key,
    }
    for key, file in named.items():
        if file is not None and not file.is_file():
            raise ConfigError(f"{path}: {key}: {file} is no file; put it there or mend the key")


def _check_tls(path: Path, broker: BrokerConfig) -> None:
    """Load the files once now: later the link to the store would only fail, again and again."""
    if not (broker.ca and broker.certificate and broker.key):
        return
    try:
        ssl.create_default_context(cafile=str(broker.ca))
    except ssl.SSLError as error:
        raise ConfigError(f"{path}: broker.ca: no PEM certificate ({error.reason})") from error
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(broker.certificate, broker.key)
    except ssl.SSLError as error:
        raise ConfigError(
            f"{path}: broker.certificate, broker.key: no PEM pair that fits ({error.reason})"
        ) from error
