"""A configuration is understood as a whole, or refused with the file, the key and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from cart.shell.config import ConfigError, load
from store.authority import Authority

WHOLE = """
cart_id = "cart-1"
tenant = "acme"
store = "7"
data_folder = "data"
screen_socket = "run/screen.sock"
eyes_socket = "run/eyes.sock"
"""
TLS = 'ca = "ca.pem"\ncertificate = "cart.pem"\nkey = "cart.key"\n'


def written(folder: Path, text: str) -> Path:
    """A configuration file of this text, with the files that it may name."""
    Authority(folder / "authority").equip("cart", folder)
    (folder / "store.pem").touch()
    path = folder / "cart.toml"
    path.write_text(text)
    return path


def test_a_small_configuration_is_enough(tmp_path: Path) -> None:
    """Without devices and broker there are none; paths are relative to the file."""
    config = load(written(tmp_path, WHOLE))
    assert (config.scale, config.scanner, config.broker, config.recording) == (None,) * 3 + (True,)
    assert config.data_folder == tmp_path / "data"


def test_a_mark_of_the_encoding_is_no_part_of_it(tmp_path: Path) -> None:
    """Editors of one system put it in front of what they save."""
    assert load(written(tmp_path, "\ufeff" + WHOLE)).cart_id == "cart-1"


def test_every_section_is_read(tmp_path: Path) -> None:
    """Devices, TLS files and the store's key arrive as they stand in the file."""
    text = WHOLE + (
        'store_public_key = "store.pem"\nrecording = false\n'
        '[scale]\nport = "/dev/scale"\n[scanner]\nport = "/dev/scanner"\nbaud = 9600\n'
        f'[broker]\nhost = "broker.example"\n{TLS}'
    )
    config = load(written(tmp_path, text))
    assert config.scale
    assert config.scale.port == Path("/dev/scale")
    assert config.scale.driver == "chip"
    assert config.scanner
    assert config.scanner.baud == 9600
    assert config.broker
    assert config.broker.ca == tmp_path / "ca.pem"
    assert not config.recording


def test_plain_text_is_allowed_on_loopback(tmp_path: Path) -> None:
    """A broker on this machine may be spoken to without TLS, any other may not."""
    for host in ("127.0.0.1", "localhost", "::1"):
        text = f'{WHOLE}store_public_key = "store.pem"\n[broker]\nhost = "{host}"\n'
        assert load(written(tmp_path, text)).broker


KEYED = f'{WHOLE}store_public_key = "store.pem"\n'
BAD = {
    "unknown key": (WHOLE + "recordings = true\n", "unknown field `recordings`"),
    "unknown key in a section": (
        WHOLE + '[scale]\nport="x"\nspeed=1\n',
        r"`speed` - at `\$.scale`",
    ),
    "framing with a new line": (
        WHOLE + '[scale]\nport="x"\nframing="8N1\\n"\n',
        r"at `\$.scale.framing`",
    ),
    "missing key": (WHOLE.replace("tenant", "tenent"), "tenent"),
    "wrong type": (WHOLE.replace('"cart-1"', "1"), r"at `\$.cart_id`"),
    "name of an app": (WHOLE.replace("cart-1", "app-1"), "call the cart otherwise, such as cart-1"),
    "name of a claim": (WHOLE.replace("cart-1", "claim-1"), "call the cart otherwise"),
    "name of the broker": (WHOLE.replace("cart-1", "broker"), "call the cart otherwise"),
    "name with a slash": (WHOLE.replace("cart-1", "a/b"), r"at `\$.cart_id`"),
    "no TOML": ("= 1", "line 1"),
    "no text": ("\udcff", "lists the keys"),
    "plain text": (KEYED + '[broker]\nhost = "10.0.0.1"\n', "set ca, certificate and key"),
    "half of TLS": (KEYED + '[broker]\nca = "ca.pem"\n', "all three"),
    "no certificate": (
        KEYED + '[broker]\nca = "cart.key"\ncertificate = "cart.pem"\nkey = "cart.key"\n',
        "broker.ca: no PEM certificate",
    ),
    "no pair": (
        KEYED + '[broker]\nca = "ca.pem"\ncertificate = "cart.pem"\nkey = "store.pem"\n',
        "broker.certificate, broker.key: no PEM pair",
    ),
    "no store key": (WHOLE + "[broker]\n", "store_public_key is needed"),
    "port too high": (KEYED + "[broker]\nport = 70000\n", r"at `\$.broker.port`"),
    "no such file": (WHOLE + 'catalog_file = "gone.json"\n', "catalog_file: .* is no file"),
    "long socket": (WHOLE.replace("run/eyes", "e" * 120), "eyes_socket is longer"),
    "empty path": (WHOLE.replace('"data"', '""'), r"at `\$.data_folder`"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_configuration_names_file_and_key(case: str, tmp_path: Path) -> None:
    """Each mistake gives one line that names the file and what is wrong in it."""
    text, expected = BAD[case]
    path = written(tmp_path, "")
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ConfigError, match=expected) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    """No file at the path: the error says so."""
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "none.toml")
